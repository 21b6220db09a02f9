"""What a real browser makes of a page: loaded in a headless Chromium, measured by a script that is put into a copy."""

import html
import json
import os
import re
import shutil
import subprocess

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

#: runs before anything else of the page: an error that came first would not be seen
_WATCH = """<script>
window.found = {errors: []};
addEventListener('error', e => found.errors.push(String(e.message || (e.target && e.target.tagName) || e)), true);
for (const kind of ['error', 'warn']) {
  const old = console[kind];
  console[kind] = (...words) => { found.errors.push(words.join(' ')); old(...words); };
}
addEventListener('load', () => {
  const root = document.documentElement, name = item => item.tagName + '#' + item.id + '.' + item.className;
  const inside = item => item.closest('.scroll') !== null;
  found.width = innerWidth;
  found.scrollWidth = root.scrollWidth;
  found.sections = [...document.querySelectorAll('section')].map(item => item.id);
  found.empty = [...document.querySelectorAll('section')].filter(item => item.innerText.trim().length < 30).map(name);
  found.links = [...document.querySelectorAll('nav a')].filter(a => !document.querySelector(a.getAttribute('href')))
    .map(name);
  found.images = document.images.length;
  found.broken = [...document.images].filter(image => !image.complete || image.naturalWidth < 100).map(i => i.alt);
  found.tables = document.querySelectorAll('table').length;
  found.files = [...document.querySelectorAll("a[href$='.csv']")].map(a => a.getAttribute('href'));
  found.wide = [...document.body.querySelectorAll('*')]
    .filter(item => !inside(item) && item.getBoundingClientRect().right > root.clientWidth + 1).map(name);
  found.clipped = [...document.querySelectorAll('.scroll')]
    .filter(item => item.scrollWidth > item.clientWidth && getComputedStyle(item).overflowX !== 'auto').map(name);
  found.network = performance.getEntriesByType('resource').map(e => e.name).filter(n => !n.startsWith('data:'));
  parent.postMessage(JSON.stringify(found), '*');
});
</script>"""

#: a window cannot be narrower than 500 pixels, a frame can
_FRAME = """<!doctype html><script>
addEventListener('message', e => document.documentElement.setAttribute('data-found', e.data));
</script><iframe src="{name}" width="{width}" height="{height}" style="border:0"></iframe>"""


def find_browser():
    """Path of a Chromium; skips the test where there is none."""
    named = os.environ.get("SEISSYNTH_BROWSER")
    for name in (named, *NAMES):
        if name and shutil.which(name):
            return shutil.which(name)
    pytest.skip("no browser: install chromium, or name one in SEISSYNTH_BROWSER")


def look_at(browser, page, width, folder, height=900):
    """Open a copy of a page in a frame of some width; what the script in it found."""
    text = page.read_text("utf-8")
    copy, frame = (page.with_name(f"{kind}-{width}.html") for kind in ("watched", "frame"))
    copy.write_text(text.replace("<head>", "<head>" + _WATCH, 1), encoding="utf-8")
    frame.write_text(_FRAME.format(name=copy.name, width=width, height=height), encoding="utf-8")
    command = [
        browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
        f"--user-data-dir={folder / f'profile-{width}'}", f"--window-size={width + 50},{height + 50}",
        "--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=20000", "--dump-dom", frame.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    copy.unlink()
    frame.unlink()
    found = re.search(r'data-found="([^"]*)"', done.stdout)
    assert found, f"the browser gave nothing back ({done.returncode}): {done.stderr[-2000:]}"
    return json.loads(html.unescape(found.group(1)))
