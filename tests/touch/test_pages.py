"""
Pages in a real browser, by Playwright and by Selenium.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from paceline.usage import UsageKey
from support.browsers import chromium, pytest_playwright
from support.suite import Result, Suite

SHOP = '''
    """
    A shop with one page: four requests, one error in the console, a text that moves once, and a button.
    """

    import sqlite3
    import threading
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    PAGE = b"""<!doctype html><title>shop</title><link rel=icon href="data:,"><link rel=stylesheet href=/style.css>
    <div id=space></div><p>Welcome to the shop</p><button onclick="this.textContent = 'bought'">buy</button>
    <button id=alert onclick="setTimeout(() => alert('sold out'))">alert</button><script src=/script.js></script>"""
    SCRIPT = b"""console.error("no stock"); fetch("/stock").then(() =>
        requestAnimationFrame(() => setTimeout(() => requestAnimationFrame(() => {
            space.style.height = "100px"; setTimeout(() => { document.title = "ready" }, 50) }), 200)))"""
    FILES = {
        "/style.css": (b"body { margin: 0 } p { height: 200px; font-size: 40px }", "text/css"),
        "/script.js": (SCRIPT, "text/javascript"),
        "/stock": (b"{}", "application/json"),
    }

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            if self.path == "/stock":
                connection = sqlite3.connect(":memory:")
                connection.execute("select 1")
                connection.close()
            body, kind = FILES.get(self.path, (PAGE, "text/html"))
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.send_header("content-security-policy", "script-src 'self' 'unsafe-inline'")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_): pass

    def serve():
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"
'''
_CONFTEST = """
    import os

    import pytest
    from playwright.sync_api import sync_playwright
    from selenium import webdriver
    from shop import serve

    PROGRAM = {"executable_path": os.environ["CHROMIUM"], "args": ["--no-sandbox"]}

    @pytest.fixture(scope="session")
    def url():
        return serve()

    @pytest.fixture(scope="session")
    def browser():
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(**PROGRAM)
            yield browser
            browser.close()

    @pytest.fixture
    def page(browser):
        context = browser.new_context()
        yield context.new_page()
        context.close()

    @pytest.fixture
    def shop(page, url):
        page.goto(url)
        page.wait_for_function("() => document.title == 'ready'")
        return page

    @pytest.fixture(scope="session")
    def driver():
        options = webdriver.ChromeOptions()
        options.binary_location = os.environ["CHROMIUM"]
        for argument in ("--no-sandbox", "--headless=new", "--window-size=1280,720"):
            options.add_argument(argument)
        driver = webdriver.Chrome(options, webdriver.ChromeService(os.environ["CHROMEDRIVER"]))
        yield driver
        driver.quit()
"""
_BY_PLUGIN = """
    import os

    import pytest
    from shop import serve

    @pytest.fixture(scope="session")
    def url():
        return serve()

    @pytest.fixture(scope="session")
    def browser_type_launch_args(browser_type_launch_args):
        return {**browser_type_launch_args, "executable_path": os.environ["CHROMIUM"], "args": ["--no-sandbox"]}
"""
_TESTS_OF_A_PAGE = """
    from playwright.sync_api import expect

    def test_clicks(page, url):
        page.goto(url)
        expect(page).to_have_title("ready")
        page.click("text=buy")
        page.locator("text=bought").click()

    def test_two_pages(page, url):
        page.goto(url)
        expect(page).to_have_title("ready")
        page.goto(url + "/other")
        expect(page).to_have_title("ready")
"""
_TESTS = """
    import asyncio
    import threading
    from urllib.request import urlopen

    from conftest import PROGRAM
    from playwright.async_api import async_playwright
    from playwright.sync_api import expect
    from selenium.webdriver.support.ui import WebDriverWait

    def test_opened_by_a_fixture(shop):
        shop.click("text=buy")

    def test_closed_page(browser, url):
        with browser.new_page() as page:
            page.goto(url)
            page.wait_for_function("() => document.title == 'ready'")

    def test_other():
        pass

    def test_open_dialog(page, url):
        page.on("dialog", lambda dialog: None)
        page.goto(url)
        expect(page).to_have_title("ready")
        page.evaluate("setTimeout(() => alert('sold out'))")

    def test_stopped_clock(page, url):
        page.clock.install()
        page.goto(url)

    def test_async(url):
        async def main():
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(**PROGRAM)
                page = await browser.new_page()
                await page.goto(url)
                await page.wait_for_function("() => document.title == 'ready'")
                await page.click("text=buy")
                await browser.close()
        # The loop of Playwright's other kind runs in this thread.
        thread = threading.Thread(target=lambda: asyncio.run(main()))
        thread.start()
        thread.join()

    def test_selenium(driver, url):
        driver.get(url)
        WebDriverWait(driver, 30).until(lambda _: driver.title == "ready")
        driver.find_element("tag name", "button").click()

    def test_selenium_again(driver, url):
        urlopen(url).read()
        driver.get(url)
        WebDriverWait(driver, 30).until(lambda _: driver.title == "ready")
        driver.get(url + "/other")
        WebDriverWait(driver, 30).until(lambda _: driver.title == "ready")
        # With that of the test before, which did not ask for the log.
        assert len([one for one in driver.get_log("browser") if "no stock" in one["message"]]) == 3

    def test_selenium_dialog(driver, url):
        driver.get(url)
        WebDriverWait(driver, 30).until(lambda _: driver.title == "ready")
        driver.find_element("id", "alert").click()
        WebDriverWait(driver, 30).until(lambda _: has_alert(driver))
        driver.switch_to.alert.accept()

    def has_alert(driver):
        from selenium.common.exceptions import NoAlertPresentException
        try:
            return driver.switch_to.alert.text == "sold out"
        except NoAlertPresentException:
            return False
"""
_REQUESTS, _ERRORS, _CLICKS = UsageKey.PAGE_REQUESTS, UsageKey.PAGE_ERRORS, UsageKey.PAGE_INTERACTIONS
_TIMES = (UsageKey.PAGE_LOAD_SECONDS, UsageKey.PAGE_LARGEST_PAINT_SECONDS)

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def programs() -> Mapping[str, str]:
    """
    Chromium and its driver.
    """
    return chromium()


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory, programs: Mapping[str, str]) -> Result:
    """
    A suite that opens pages in every way.
    """
    return _suite(tmp_path_factory.mktemp("pages")).run(environ=programs)


@pytest.mark.parametrize(
    ("name", "requests", "errors", "clicks"),
    [
        ("test_clicks", 4, 1, 2),
        ("test_two_pages", 8, 2, 0),
        ("test_closed_page", 4, 1, 0),
        ("test_async", 4, 1, 1),
        ("test_selenium", 4, 1, 1),
        ("test_selenium_again", 8, 2, 0),
    ],
)
def test_requests_errors_and_clicks_are_counted(
    result: Result, name: str, requests: int, errors: int, clicks: int
) -> None:
    """
    The page sends four requests and has one error, however it is opened, and each click is one.
    """
    usage = result.case(name).usage

    assert (usage[_REQUESTS], usage[_ERRORS], usage.get(_CLICKS, 0)) == (requests, errors, clicks), result.output
    assert usage[UsageKey.PAGE_RECEIVED_BYTES] > 1000 * requests / 4
    for key in _TIMES:
        assert 0 < usage[key] < (result.case(name).duration_seconds or 0)


def test_a_text_that_moves_is_a_layout_shift(result: Result) -> None:
    """
    It is the same in each way, and that of one page where a test opens two.
    """
    names = ("test_clicks", "test_two_pages", "test_closed_page", "test_async")

    assert {result.case(name).usage[UsageKey.PAGE_LAYOUT_SHIFT] for name in names} == {0.04}
    assert result.case("test_selenium").usage[UsageKey.PAGE_LAYOUT_SHIFT] > 0


def test_a_page_of_a_fixture_is_none_of_the_call(result: Result) -> None:
    """
    Only the click is; and a test without a page has nothing.
    """
    case, other = result.case("test_opened_by_a_fixture"), result.case("test_other")

    assert {key for key in case.usage if key.startswith("page_")} == {_CLICKS, UsageKey.PAGE_INTERACTION_SECONDS}
    assert not [key for key in other.usage if key.startswith("page_")]
    assert "pages" in result.run.probes


def test_commands_to_a_browser_are_no_requests_of_the_test(result: Result) -> None:
    """
    What a test asks itself is; what the page asks of a server in this process counts for the test, in the server too.
    """
    first, second = result.case("test_selenium"), result.case("test_selenium_again")

    assert UsageKey.NETWORK_REQUESTS not in first.usage
    assert UsageKey.NETWORK_CONNECTIONS not in first.usage
    assert second.usage[UsageKey.NETWORK_REQUESTS] == 1
    assert [case.usage[UsageKey.DB_QUERIES] for case in (first, second)] == [1, 2]
    assert result.case("test_clicks").usage[UsageKey.DB_QUERIES] == 1


def test_tests_with_dialogs_and_stopped_clocks_pass(result: Result) -> None:
    """
    Reading a page closes no dialog, waits for none, and needs no timer of the page.
    """
    assert set(result.outcomes.values()) == {"passed"}, result.output
    assert "inside Paceline" not in result.output
    assert result.case("test_stopped_clock").usage[_REQUESTS] >= 1


@pytest.mark.parametrize("arguments", [(), ("--tracing", "on")], ids=str)
def test_pages_of_pytest_playwright_are_counted(
    suite: Suite, programs: Mapping[str, str], arguments: Sequence[str]
) -> None:
    """
    Its fixture `page` makes a page for each test, also where it records a trace of its own; such a test is an e2e test.
    """
    suite.write("shop.py", SHOP)
    suite.write("conftest.py", _BY_PLUGIN)
    suite.write("test_page.py", _TESTS_OF_A_PAGE)
    paths = os.pathsep.join([str(suite.folder), str(pytest_playwright())])
    result = suite.run(*arguments, environ={**programs, "PYTHONPATH": paths})
    first, second = result.case("test_clicks[chromium]").usage, result.case("test_two_pages[chromium]").usage

    assert result.code == 0, result.output
    assert [(one[_REQUESTS], one[_ERRORS], one.get(_CLICKS, 0)) for one in (first, second)] == [(4, 1, 2), (8, 2, 0)]
    assert first[UsageKey.PAGE_LAYOUT_SHIFT] == second[UsageKey.PAGE_LAYOUT_SHIFT] == 0.04
    assert {case.test_type for case in result.run.cases} == {"e2e"}


def _suite(folder: Path) -> Suite:
    suite = Suite(folder)
    suite.environ["PYTHONPATH"] = str(folder)
    suite.write("shop.py", SHOP)
    suite.write("conftest.py", _CONFTEST)
    suite.write("test_page.py", _TESTS_OF_A_PAGE)
    suite.write("test_pages.py", _TESTS)
    return suite
