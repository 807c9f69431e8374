"""The load client's frame parser: any chunking gives the same messages, any bytes a bounded end."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from server.loadtest.frames import BINARY, MAX_MESSAGE, PING, TEXT, FrameError, Frames

Message = tuple[int, bytes]

SIZES = some.sampled_from((0, 1, 2, 125, 126, 127, 300, 65_535, 65_536, 70_000))
PAYLOADS = some.one_of(some.binary(max_size=40), SIZES.map(lambda size: b"x" * size))
CONTROLS = some.tuples(some.just(PING), some.binary(max_size=125))
DATA = some.tuples(some.sampled_from((TEXT, BINARY)), PAYLOADS)


def of_server(first: int, payload: bytes) -> bytes:
    """One unmasked frame."""
    size = len(payload)
    if size <= 125:
        return bytes((first, size)) + payload
    if size < 1 << 16:
        return bytes((first, 126)) + size.to_bytes(2) + payload
    return bytes((first, 127)) + size.to_bytes(8) + payload


def fragmented(message: Message, cuts: list[int], control: Message | None) -> bytes:
    """A message in several frames, a control frame between two of them."""
    opcode, payload = message
    ends = [*sorted({min(cut, len(payload)) for cut in cuts}), len(payload)]
    frames, start = [], 0
    for index, end in enumerate(ends):
        final = 0x80 if index == len(ends) - 1 else 0
        frames.append(of_server(final | (opcode if index == 0 else 0), payload[start:end]))
        if control is not None and index == 0:
            frames.append(of_server(0x80 | control[0], control[1]))
        start = end
    return b"".join(frames)


@some.composite
def conversations(draw: some.DrawFn) -> tuple[bytes, list[Message]]:
    """What a server sends, and the messages it is."""
    stream, told = b"", []
    for message in draw(some.lists(some.one_of(DATA, CONTROLS), max_size=6)):
        cuts = draw(some.lists(some.integers(0, 70_000), max_size=3))
        if message[0] == PING or not cuts:
            stream += of_server(0x80 | message[0], message[1])
            told.append(message)
            continue
        control = draw(some.none() | CONTROLS)
        stream += fragmented(message, cuts, control)
        alone = len({min(cut, len(message[1])) for cut in cuts}) == 0
        told += [message] if control is None or alone else [control, message]
    return stream, told


def read(stream: bytes, cuts: list[int]) -> list[Message]:
    frames, told, start = Frames(), [], 0
    for end in [*sorted({min(cut, len(stream)) for cut in cuts}), len(stream)]:
        told += list(frames.feed(stream[start:end]))
        start = end
    return told


@pytest.mark.row("OPS-01")
@given(conversations(), some.lists(some.integers(0, 200_000), max_size=12))
def test_any_chunking_gives_the_same_messages(
    conversation: tuple[bytes, list[Message]], cuts: list[int]
) -> None:
    stream, told = conversation

    assert read(stream, cuts) == told


def test_byte_by_byte_is_a_chunking_too() -> None:
    stream = of_server(0x81, b"a" * 300) + fragmented((TEXT, b"abcdef"), [2, 4], (PING, b"?"))

    told = read(stream, list(range(len(stream))))

    assert told == [(TEXT, b"a" * 300), (PING, b"?"), (TEXT, b"abcdef")]


@given(some.lists(some.binary(max_size=60), max_size=4))
def test_whatever_comes_is_a_message_or_a_frame_error(chunks: list[bytes]) -> None:
    frames = Frames()

    try:
        told = [message for chunk in chunks for message in frames.feed(chunk)]
    except FrameError:
        return

    assert sum(len(payload) for _, payload in told) <= sum(map(len, chunks))


@pytest.mark.parametrize(
    ("stream", "named"),
    [
        (bytes((0x81, 0x80)) + bytes(4), "header"),
        (bytes((0xC1, 0)), "header"),
        (bytes((0x09, 0)), "control"),
        (of_server(0x89, b"x" * 126), "control"),
        (of_server(0x80, b"x"), "continuation"),
        (of_server(0x01, b"x") + of_server(0x81, b"y"), "continuation"),
        (bytes((0x81, 127)) + (MAX_MESSAGE + 1).to_bytes(8), "too_long"),
        (of_server(0x01, b"x" * MAX_MESSAGE) + of_server(0x80, b"y"), "too_long"),
    ],
    ids=["masked", "reserved bit", "ping in parts", "long ping", "no first", "two firsts",
         "announced too long", "too long in parts"],
)  # fmt: skip
def test_what_no_server_sends_is_named(stream: bytes, named: str) -> None:
    with pytest.raises(FrameError, match=f"^{named}$"):
        list(Frames().feed(stream))
