"""An assuré and a médecin-conseil, with the gestures of a person: what they see and click."""

from typing import Any

from playwright.sync_api import Browser, BrowserType, Locator, Page, expect

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
)  # fmt: skip


def chromium(kind: BrowserType, *more: str) -> Browser:
    """Debian's Chromium with a fake camera and microphone."""
    return kind.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, *more])


class Person:
    """What both can do with a page."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def click(self, name: str) -> None:
        self.button(name).click()

    def media(self) -> dict[str, float]:
        """What the connection in use sends and receives, added up: the one whose gate is open, or
        else the latest (a console is ready for several people)."""
        return self.page.evaluate(
            """async () => {
              const used = (one) => one.signalingState !== 'closed'
                && one.getSenders().some(({ track }) => track);
              const pc = __watch.peers.findLast(used) ?? __watch.peers.at(-1);
              const sum = { sent: 0, received: 0, frames: 0, samples: 0 };
              if (!pc) return sum;
              for (const s of (await pc.getStats()).values()) {
                if (s.type === 'outbound-rtp') sum.sent += s.bytesSent;
                if (s.type === 'inbound-rtp') sum.received += s.bytesReceived;
                if (s.type !== 'inbound-rtp') continue;
                sum.frames += s.framesDecoded ?? 0;
                sum.samples += s.totalSamplesReceived ?? 0;
              }
              return sum;
            }"""
        )

    def path(self) -> dict[str, Any]:
        """The selected candidate pair and the ciphers, from getStats."""
        return self.page.evaluate(
            """async () => {
              const report = await __watch.peers.at(-1).getStats();
              const all = [...report.values()];
              const transport = all.find((s) => s.type === 'transport');
              const pair = report.get(transport.selectedCandidatePairId);
              return { dtls: transport.dtlsState, srtp: transport.srtpCipher,
                       cipher: transport.dtlsCipher, pair: pair.state,
                       local: report.get(pair.localCandidateId).candidateType,
                       remote: report.get(pair.remoteCandidateId).candidateType };
            }"""
        )

    def sees_the_other(self, since: float = 0) -> None:
        """More pictures of the other are decoded than the `since` there were."""
        self.gets(frames=since + 5)

    def hears_the_other(self) -> None:
        """Sound is decoded: it begins to be played a moment after it comes."""
        self.gets(samples=0)

    def gets(self, **more_than: float) -> None:
        """More of each than this, at one moment."""
        for _ in range(200):
            now = self.media()
            if all(now[what] > least for what, least in more_than.items()):
                return
            self.page.wait_for_timeout(100)
        raise AssertionError(f"not more than {more_than}: {self.media()}")

    def watched(self, what: str) -> Any:
        return self.page.evaluate(f"__watch.{what}")

    def focused(self) -> str:
        """The tag of what has the focus: never BODY once a screen is there."""
        return self.page.evaluate("document.activeElement.tagName")


class Assure(Person):
    """Someone who got a link and a code."""

    def __init__(self, page: Page, appointment: dict[str, Any]) -> None:
        super().__init__(page)
        self.appointment = appointment

    def follow_link(self) -> None:
        self.page.goto(self.appointment["lien"])

    def prove_identity(self) -> None:
        self.click("Continuer")
        self.page.get_by_label("Code reçu par SMS").fill(self.appointment["code"])
        self.click("Continuer")

    def prepare(self) -> None:
        self.click("J'ai lu et je continue")
        self.click("Activer ma caméra et mon micro")

    def wait(self) -> None:
        """From the link to the waiting room."""
        self.follow_link()
        self.prove_identity()
        self.prepare()
        self.click("Entrer dans la salle d'attente")
        expect(self.page.get_by_role("heading", name="salle d'attente")).to_be_visible()

    def connection_ready(self) -> None:
        expect(self.page.get_by_text("Connexion prête")).to_be_visible()

    def screen(self) -> str:
        return self.page.evaluate(
            "document.querySelector('[data-screen]:not([hidden])')?.dataset.screen ?? ''"
        )


class Medecin(Person):
    """A médecin-conseil at a console."""

    def __init__(self, page: Page, login: str) -> None:
        super().__init__(page)
        self.login = login

    def open_console(self) -> None:
        self.page.goto(self.login)
        expect(self.page.get_by_role("heading", name="Ma journée")).to_be_visible()

    def admit(self) -> None:
        self.click("Admettre")

    def end(self) -> None:
        self.click("Terminer le télécontrôle")
        self.click("Confirmer et terminer")

    def choose(self, conclusion: str) -> None:
        self.page.get_by_label("Conclusion").select_option(label=conclusion)
