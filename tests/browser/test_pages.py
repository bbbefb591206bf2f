"""The pages of the demo in a real browser: accessible, readable on a phone, no script, nothing fetched."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

pytestmark = pytest.mark.browser

PAGES = ("article.html", "dahbour_2017/report.html", "lu_2012/report.html", "plan/plan.html")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from ranvier.cli import main

    out = tmp_path_factory.mktemp("demo") / "out"
    result = CliRunner().invoke(main, ["demo", "--out", str(out)])
    assert result.exit_code == 0, result.output
    return out


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="the extra 'browser' is not installed")
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium on this machine")
    with playwright.sync_playwright() as driver:
        instance = driver.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield instance
        instance.close()


@pytest.mark.parametrize("page_name", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(demo: Path, browser, page_name: str, scheme: str) -> None:
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="the extra 'browser' is not installed"
    )
    context = browser.new_context(color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    page.goto((demo / page_name).as_uri())
    result = axe.Axe().run(page)
    context.close()
    assert result.violations_count == 0, result.generate_report()


@pytest.mark.parametrize("page_name", PAGES)
def test_a_page_fits_a_phone_and_fetches_nothing(demo: Path, browser, page_name: str) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, java_script_enabled=False)
    page = context.new_page()
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.goto((demo / page_name).as_uri())
    width = page.locator("body").bounding_box()["width"]
    overflow = [
        box
        for box in page.locator("body > *").all()
        if box.bounding_box() and box.bounding_box()["width"] > 362
    ]
    context.close()
    assert width <= 360
    assert not overflow
    assert asked == [(demo / page_name).as_uri()]
    assert complaints == []
