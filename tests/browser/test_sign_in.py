"""Signing in by the address that `lapis up` prints, and what becomes of the token in it."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.support.browser import Studio, axe, shot


def test_the_address_with_the_token_signs_in_and_keeps_no_token(studio: Studio) -> None:
    page = studio.open(f"/studio#token={studio.server.token}", signed_in=False)
    expect(page).to_have_url(f"{studio.server.url}/studio/default")
    expect(page.get_by_role("navigation").first).to_be_visible()
    assert studio.server.token not in page.content()
    assert page.evaluate("() => document.cookie") == ""
    (cookie,) = page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/")
    assert studio.server.token not in str(page.evaluate("() => [JSON.stringify(localStorage), history.length]"))
    shot(page, "home")
    page.reload()
    expect(page.get_by_role("navigation").first).to_be_visible()


def test_a_wrong_token_is_told_and_the_right_one_may_be_typed(studio: Studio) -> None:
    studio.allow("401")
    page = studio.open("/studio/default/jobs#token=wrong-wrong-wrong", signed_in=False)
    expect(page.get_by_role("alert")).to_contain_text("not valid")
    expect(page).to_have_url(f"{studio.server.url}/studio/default/jobs")
    shot(page, "sign-in")
    assert axe(page) == []
    page.get_by_role("textbox").fill(studio.server.token)
    page.keyboard.press("Enter")
    expect(page.get_by_role("navigation").first).to_be_visible()
    expect(page).to_have_url(f"{studio.server.url}/studio/default/jobs")


def test_in_japanese_the_page_asks_in_japanese(studio: Studio) -> None:
    studio.allow("401")
    page = studio.open("/studio", signed_in=False, language="ja-JP")
    expect(page.locator("html")).to_have_attribute("lang", "ja")
    expect(page.get_by_role("button", name="サインイン", exact=True)).to_be_visible()
    shot(page, "sign-in-ja")


def test_signing_out_ends_the_session(studio: Studio) -> None:
    studio.allow("401")
    page = studio.open("/studio/default")
    (cookie,) = page.context.cookies()
    status = page.evaluate("async () => (await fetch('/api/v1/session', {method: 'DELETE'})).status")
    assert status == 204
    assert page.context.cookies() == []
    headers = {"Cookie": f"{cookie['name']}={cookie['value']}"}
    assert studio.server.request("GET", "/api/v1/session", token=None, headers=headers)[0] == 401
