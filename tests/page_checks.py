"""What holds of the page to try a model at any time, whatever is on it."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from browser import Chromium

# Text that is seen, whose colour stands out less from what is behind it than 4.5 to 1 (3 to 1 where it is large).
_FAINT = """
(() => {
  const parse = text => {
    const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number);
    return [r, g, b, a];
  };
  const light = ([r, g, b]) => {
    const part = value => (value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const behind = place => {
    for (let one = place; one; one = one.parentElement) {
      const colour = parse(getComputedStyle(one).backgroundColor);
      if (colour[3] > 0) return colour;
    }
    return [255, 255, 255, 1];
  };
  const faint = [];
  for (const place of document.querySelectorAll("body *")) {
    const own = [...place.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    const style = getComputedStyle(place);
    const ours = !["SCRIPT", "STYLE", "OPTION", "AUDIO"].includes(place.tagName) && !place.disabled;
    if (!own || !ours || !place.getClientRects().length) continue;
    const colour = parse(place.ownerSVGElement ? style.fill : style.color);
    const [one, other] = [light(colour), light(behind(place.ownerSVGElement ?? place))].sort((a, b) => b - a);
    const least = parseFloat(style.fontSize) >= 24 ? 3 : 4.5;
    if ((one + 0.05) / (other + 0.05) < least) faint.push(`${place.tagName} ${place.textContent.slice(0, 30)}`);
  }
  return faint;
})()
"""

# Controls that are seen and have no name for a reader of the screen.
_NAMELESS = """
[...document.querySelectorAll("input, textarea, select, button, a, summary, canvas[tabindex], [tabindex='0']")]
  .filter(control => control.getClientRects().length && !control.textContent.trim()
    && !control.getAttribute("aria-label") && !(control.labels && control.labels.length))
  .map(control => control.outerHTML.slice(0, 80))
"""


def check_page(browser: Chromium, address: str) -> None:
    """Asserts that nothing has gone wrong, nothing reaches beyond the window, and all can be read and named."""
    assert browser.problems == [], browser.problems
    host = urlsplit(address).netloc
    assert {urlsplit(asked).netloc for asked in browser.addresses if asked.startswith("http")} == {host}
    assert {urlsplit(asked).scheme for asked in browser.addresses} <= {"http", "data", "blob"}
    assert browser.run("document.documentElement.scrollWidth") <= browser.run(
        "document.documentElement.clientWidth"
    )
    for script in (_FAINT, _NAMELESS):
        found = browser.run(script)
        assert found == [], found


def ask(browser: Chromium) -> str:
    """Presses the button and returns what is answered, without the time that it took."""
    browser.run("document.querySelector('#answer').replaceChildren()")
    browser.run("document.querySelector('#ask').click()")
    browser.wait(
        "/Answered in|Stopped/.test(answer.textContent) || document.querySelector('#answer .wrong') !== null"
    )
    return str(browser.run("answer.innerText")).partition("Answered in")[0].strip()


def body_of(browser: Chromium) -> object:
    """The body of the request that is shown as a command."""
    command = str(browser.run("curl.textContent"))
    return json.loads(command.partition("-d '")[2].removesuffix("'").replace("'\\''", "'"))
