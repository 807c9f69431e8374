"""Every state of the appointment and every refusal of the camera has its page and its remedy."""

from collections.abc import Callable

import pytest
from people import Assure
from playwright.sync_api import Page, expect
from product import Product

#: getUserMedia's errors, and a word of the remedy that each screen must give.
FAILURES = (
    "NotAllowedError", "NotFoundError", "NotReadableError", "OverconstrainedError", "AbortError",
    "SecurityError", "TypeError",
)  # fmt: skip


def failing_capture(name: str) -> str:
    return f"""() => {{
      const fail = async () => {{
        throw '{name}' === 'TypeError' ? new TypeError('x')
          : '{name}' === 'OverconstrainedError' ? new OverconstrainedError('width')
          : new DOMException('x', '{name}');
      }};
      navigator.mediaDevices.getUserMedia = fail;
    }}"""


@pytest.mark.row("JO-05")
@pytest.mark.row("JO-06")
def test_each_refusal_of_the_camera_has_its_own_screen_and_remedy(assure: Assure) -> None:
    assure.follow_link()
    assure.prove_identity()
    assure.click("J'ai lu et je continue")

    titles, texts = set(), set()
    for name in FAILURES:
        assure.page.evaluate(failing_capture(name))
        assure.page.get_by_role("button", name="Activer ma caméra et mon micro").or_(
            assure.page.get_by_role("button", name="Réessayer")
        ).first.click()
        screen = assure.page.locator("section[data-screen^='capture-']:not([hidden])")
        expect(screen).to_be_visible()
        expect(screen).not_to_have_attribute("data-seen", "yes")
        screen.evaluate("(s) => s.dataset.seen = 'yes'")
        assert assure.focused() == "H1"
        titles.add(screen.locator("h1").inner_text())
        texts.add(screen.inner_text())

    assert len(titles) == len(FAILURES)
    assert len(texts) == len(FAILURES)


@pytest.mark.row("JO-06")
def test_a_browser_without_a_camera_is_told_where_to_open_the_link(
    product: Product, new_page: Callable[..., Page]
) -> None:
    page = new_page(360, 640)
    page.add_init_script(
        "Object.defineProperty(navigator, 'mediaDevices', { get: () => undefined });"
    )
    assure = Assure(page, product.appointments[0])

    assure.follow_link()

    expect(page.get_by_role("heading", name="Safari ou Chrome")).to_be_visible()
    expect(page.get_by_role("button", name="Copier le lien")).to_be_visible()


@pytest.mark.row("JO-10")
def test_too_early_too_late_and_unknown_links_have_their_own_pages(
    product: Product, new_page: Callable[..., Page]
) -> None:
    early = product.appointments[-1]
    page = new_page(360, 640)
    Assure(page, early).follow_link()
    expect(page.get_by_role("heading", name="pas encore ouverte")).to_be_visible()
    expect(page.locator("#countdown")).to_contain_text("Encore")
    assert early["assure"].split()[-1] not in page.content()

    page = new_page(360, 640)
    page.goto(f"{product.ready['base']}/rdv#{'x' * 32}")

    expect(page.get_by_role("heading", name="ne fonctionne pas")).to_be_visible()
    expect(page.get_by_role("link", name="3646").first).to_be_visible()


@pytest.mark.row("JO-02")
def test_a_wrong_code_says_how_many_tries_are_left_and_five_close_the_door(
    assure: Assure,
) -> None:
    assure.follow_link()
    assure.click("Continuer")
    field = assure.page.get_by_label("Code reçu par SMS")
    wrong = "000000" if assure.appointment["code"] != "000000" else "111111"

    for left in ("4 essais", "3 essais", "2 essais", "un essai", "Trop d'essais"):
        field.fill(wrong)
        assure.click("Continuer")
        expect(assure.page.locator("#error-text")).to_contain_text(left)

    field.fill(assure.appointment["code"])
    assure.click("Continuer")
    expect(assure.page.locator("#error-text")).to_contain_text("Trop d'essais")


@pytest.mark.row("SP-03")
@pytest.mark.row("SP-07")
@pytest.mark.row("SP-12")
def test_nothing_is_asked_of_a_third_party_and_no_policy_is_broken(
    product: Product, assure: Assure
) -> None:
    asked: list[str] = []
    assure.page.on("request", lambda request: asked.append(request.url))
    assure.wait()

    base = product.ready["base"]
    foreign = [
        url for url in asked if not url.startswith((base, base.replace("https", "wss"), "blob:"))
    ]
    assert foreign == []
    assert assure.watched("violations") == []
    cookies = assure.page.context.cookies()
    assert [cookie["name"] for cookie in cookies] == ["__Host-assure"]
    assert cookies[0]["httpOnly"]
    assert cookies[0]["secure"]
    assert cookies[0]["sameSite"] == "Strict"
    assert assure.page.evaluate(
        "[...Array(__watch.peers.length).keys()].every((i) => "
        "__watch.peers[i].getConfiguration().iceServers.length === 0)"
    )
