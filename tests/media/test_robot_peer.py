"""Two robots meet: nothing flows before admission, all after, nothing once sent back."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from media.candidate import CandidateRefused
from media.robot import ConnectionLost, NegotiationFailed, RobotPeer, RobotStats
from media.sdp import SdpRefused

CANDIDATE = "candidate:1 1 udp 2122260223 192.0.2.77 43210 typ host generation 0 ufrag abcd"
SILENT = RobotStats(
    connected=True, bytes_sent=0, bytes_received=0, frames_received=0, sounds_received=0
)


class Pair:
    """A médecin's robot, who offers, and an assuré's, who answers; each keeps what it hears."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[str] = asyncio.Queue()
        self.echoed: asyncio.Queue[str] = asyncio.Queue()
        self.offerer = RobotPeer(on_message=self.echoed.put_nowait)
        self.answerer = RobotPeer(on_message=self.heard.put_nowait)

    async def meet(self) -> None:
        answer = await self.answerer.accept_offer(await self.offerer.offer())
        await self.offerer.accept_answer(answer)
        await asyncio.gather(self.offerer.connected(), self.answerer.connected())

    async def barrier(self) -> None:
        """There and back over the same path: what was sent before has arrived."""
        self.offerer.send("ping")
        await self.heard.get()
        self.answerer.send("pong")
        await self.echoed.get()

    async def stats(self) -> list[RobotStats]:
        return [await self.offerer.stats(), await self.answerer.stats()]

    async def close(self) -> None:
        await self.offerer.close()
        await self.answerer.close()


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    robots = Pair()
    yield robots
    await robots.close()


async def test_the_path_comes_up_with_no_media_on_it(pair: Pair) -> None:
    await pair.meet()
    await pair.barrier()

    assert await pair.stats() == [SILENT, SILENT]


@pytest.mark.row("CO-06")
async def test_two_robots_have_the_same_spoken_code(pair: Pair) -> None:
    await pair.meet()

    # The exchange is three messages long, and goes before what is said here.
    await pair.barrier()
    await pair.barrier()

    assert pair.offerer.code == pair.answerer.code
    assert len(pair.offerer.code) == 5


async def test_media_flows_both_ways_once_opened(pair: Pair) -> None:
    await pair.meet()

    await pair.offerer.open_media()
    await pair.answerer.open_media()
    await asyncio.gather(*(p.received(frames=5, sounds=5) for p in (pair.offerer, pair.answerer)))

    for stats in await pair.stats():
        assert stats.frames_received >= 5
        assert stats.bytes_sent > 0
        assert stats.bytes_received > 0


async def test_one_side_alone_may_open(pair: Pair) -> None:
    await pair.meet()

    await pair.answerer.open_media()
    await pair.offerer.received(frames=2)

    assert (await pair.answerer.stats()).bytes_received == 0
    assert (await pair.offerer.stats()).bytes_sent == 0


async def test_nothing_leaves_once_media_is_closed_and_all_comes_back(pair: Pair) -> None:
    await pair.meet()
    robots = (pair.offerer, pair.answerer)
    for robot in robots:
        await robot.open_media()
    await asyncio.gather(*(robot.received(frames=3, sounds=3) for robot in robots))

    for robot in robots:
        await robot.close_media()
    await pair.barrier()
    before = [(stats.bytes_sent, stats.bytes_received) for stats in await pair.stats()]
    loop = asyncio.get_running_loop()
    several_frames = loop.time() + 0.2
    while loop.time() < several_frames:
        await pair.barrier()
    after = await pair.stats()

    assert [(stats.bytes_sent, stats.bytes_received) for stats in after] == before
    for robot in robots:
        await robot.open_media()
    await asyncio.gather(
        *(
            robot.received(frames=stats.frames_received + 3, sounds=stats.sounds_received + 3)
            for robot, stats in zip(robots, after, strict=True)
        )
    )


async def test_media_opened_before_the_path_flows_when_it_is_up(pair: Pair) -> None:
    await pair.offerer.open_media()

    await pair.meet()

    await pair.answerer.received(frames=1)


async def test_a_robot_can_be_heard_and_not_seen() -> None:
    pair = Pair()
    pair.offerer = RobotPeer(kinds=("audio",), on_message=pair.echoed.put_nowait)
    await pair.meet()

    await pair.offerer.open_media()
    await pair.answerer.received(sounds=10)

    assert (await pair.answerer.stats()).frames_received == 0
    await pair.close()


async def test_hanging_up_leaves_no_task_behind() -> None:
    before = asyncio.all_tasks()
    pair = Pair()
    await pair.meet()
    await pair.offerer.open_media()
    await pair.answerer.received(frames=1)

    await pair.close()
    await pair.close()

    assert asyncio.all_tasks() == before
    assert not (await pair.offerer.stats()).connected


async def test_hanging_up_in_the_middle_of_the_set_up_leaves_no_task_behind() -> None:
    before = asyncio.all_tasks()
    pair = Pair()
    answer = await pair.answerer.accept_offer(await pair.offerer.offer())
    await pair.offerer.accept_answer(answer)

    await pair.close()

    assert asyncio.all_tasks() == before
    with pytest.raises(ConnectionLost):
        await pair.offerer.connected()


async def test_a_robot_that_never_negotiated_can_be_closed() -> None:
    before = asyncio.all_tasks()

    await RobotPeer().close()

    assert asyncio.all_tasks() == before


async def test_waiting_for_frames_ends_when_the_other_hangs_up(pair: Pair) -> None:
    await pair.meet()
    waiting = asyncio.create_task(pair.offerer.received(frames=1))

    await pair.answerer.close()

    with pytest.raises(ConnectionLost):
        await waiting


@pytest.mark.row("SP-07")
async def test_a_robot_asks_no_third_party_for_its_address() -> None:
    robot = RobotPeer()

    ice = robot._pc.getReceivers()[0].transport.transport._connection

    assert (ice.stun_server, ice.turn_server) == (None, None)
    await robot.close()


async def test_an_offer_has_one_fingerprint_and_all_its_candidates(pair: Pair) -> None:
    sdp = await pair.offerer.offer()

    fingerprints = {text for text in sdp.splitlines() if text.startswith("a=fingerprint:")}
    assert len(fingerprints) == 1
    assert next(iter(fingerprints)).startswith("a=fingerprint:sha-256 ")
    assert sdp.count("a=end-of-candidates") == 3
    assert sdp.count("a=sendrecv") == 2


async def test_trickled_candidates_are_taken_and_mdns_names_are_left(pair: Pair) -> None:
    await pair.answerer.accept_offer(await pair.offerer.offer())
    ice = pair.answerer._pc.getReceivers()[0].transport.transport._connection
    ice._remote_candidates_end = False  # as with a browser, which trickles

    known = len(ice.remote_candidates)
    await pair.answerer.add_candidate(CANDIDATE.replace("192.0.2.77", "a-b.local"), "0", 0)
    await pair.answerer.add_candidate("", "0", 0)
    assert len(ice.remote_candidates) == known


async def test_mdns_names_in_a_description_are_left_out(pair: Pair) -> None:
    offer = await pair.offerer.offer()
    named = [
        text.replace(text.split(" ")[4], "a-b.local") if text.startswith("a=candidate:") else text
        for text in offer.splitlines()
    ]

    answer = await pair.answerer.accept_offer("\r\n".join(named) + "\r\n")
    await pair.offerer.accept_answer(answer)

    await asyncio.gather(pair.offerer.connected(), pair.answerer.connected())


async def test_what_the_gate_refuses_reaches_no_parser(pair: Pair) -> None:
    offer = await pair.offerer.offer()

    with pytest.raises(SdpRefused):
        await pair.answerer.accept_offer(offer.replace("sha-256", "md5"))
    with pytest.raises(SdpRefused):
        await pair.offerer.accept_answer(offer)
    with pytest.raises(CandidateRefused):
        await pair.answerer.add_candidate("candidate:x")


async def test_what_comes_in_the_wrong_order_is_refused(pair: Pair) -> None:
    answer = await pair.answerer.accept_offer(await pair.offerer.offer())

    with pytest.raises(NegotiationFailed):
        await pair.answerer.accept_answer(answer)
    with pytest.raises(NegotiationFailed, match="before its description"):
        await pair.offerer.add_candidate(CANDIDATE, "0", 0)


async def test_sending_on_a_path_that_is_not_up_is_refused(pair: Pair) -> None:
    with pytest.raises(ConnectionLost):
        pair.offerer.send("too early")
