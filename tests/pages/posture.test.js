// The posture report's page as people meet it: light and dark, on a phone, a desk and paper, by keyboard, and read aloud.
// The page is the committed sample, which a test of the function holds equal to what the function writes. `SCREENSHOTS=<folder>`
// keeps what was seen.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { launch, missing } from './browser.js';

const SAMPLE = fileURLToPath(new URL('../../functions/posture-report/tests/sample/posture.html', import.meta.url));
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SCREENSHOTS = process.env.SCREENSHOTS;
const SCHEMES = ['light', 'dark'];
const WIDTHS = [360, 1280];

/** Runs in the page: each text with its contrast to the ground that it stands on (WCAG 2.2, 1.4.3). */
function measuredContrasts() {
  const channels = colour => colour.match(/[\d.]+/g).map(Number);
  const luminance = colour => {
    const [red, green, blue] = channels(colour).map(value => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ground = element => {
    const colour = getComputedStyle(element).backgroundColor;
    return (channels(colour)[3] ?? 1) === 1 ? colour : ground(element.parentElement);
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT, node =>
    node.data.trim() ? NodeFilter.FILTER_ACCEPT : NodeFilter.FILTER_REJECT,
  );
  const found = [];
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    const pair = [luminance(getComputedStyle(element).color), luminance(ground(element))];
    found.push({ text: texts.currentNode.data.slice(0, 40), ratio: (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05) });
  }
  return found;
}

describe('the page of the posture report', { skip: missing }, () => {
  let browser;
  before(async () => {
    browser = await launch();
  });
  after(() => browser?.close());

  /** The page in a window, and what it asked for and complained of. */
  async function shown({ scheme = 'light', width = 1280, script = false, open = false } = {}) {
    const page = await browser.newPage();
    const seen = { requests: [], complaints: [] };
    const refused = [];
    page.on('request', request => seen.requests.push(request.url()));
    const session = await page.createCDPSession();
    await session.send('Network.enable');
    session.on('Network.loadingFailed', ({ blockedReason }) => refused.push(blockedReason));
    page.on('console', message => seen.complaints.push(message.text()));
    page.on('pageerror', error => seen.complaints.push(String(error)));
    page.on('dialog', dialog => {
      seen.complaints.push(`a dialog: ${dialog.message()}`);
      return dialog.dismiss();
    });
    await page.setJavaScriptEnabled(script);
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
    await page.setViewport({ width, height: 900 });
    await page.goto(pathToFileURL(SAMPLE).href, { waitUntil: 'load' });
    if (open) {
      await page.evaluate(() => document.querySelectorAll('details').forEach(details => (details.open = true)));
    }
    return { page, seen, refused };
  }

  async function keep(page, name, options = {}) {
    if (!SCREENSHOTS) return;
    mkdirSync(SCREENSHOTS, { recursive: true });
    await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), ...options });
  }

  for (const scheme of SCHEMES) {
    for (const width of WIDTHS) {
      test(`without scripts, ${scheme}, ${width} pixels wide: whole, quiet and no wider than the window`, async () => {
        const { page, seen } = await shown({ scheme, width });
        assert.deepEqual(seen, { requests: [pathToFileURL(SAMPLE).href], complaints: [] });
        const wide = () => page.evaluate(() => [document.scrollingElement.scrollWidth, window.innerWidth]);
        const [closed, window] = await wide();
        assert.ok(closed <= window, `${closed} of ${window} pixels`);
        await keep(page, `${scheme}-${width}`);
        await page.evaluate(() => document.querySelectorAll('details').forEach(details => (details.open = true)));
        const [opened] = await wide();
        assert.ok(opened <= window, `${opened} of ${window} pixels with everything open`);
        await keep(page, `${scheme}-${width}-open`, { fullPage: true });
        const dark = await page.evaluate(() => {
          const [red] = getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number);
          return red < 128;
        });
        assert.equal(dark, scheme === 'dark', 'the style sheet is in force');
        await page.close();
      });
    }

    test(`accessible, ${scheme}`, async () => {
      const asked = new Set();
      for (const width of WIDTHS) {
        const { page } = await shown({ scheme, width, script: true, open: true });
        await page.evaluate(AXE);
        const { violations, incomplete, passes } = await page.evaluate(() =>
          axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }),
        );
        const named = rules => rules.map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 120))]);
        assert.deepEqual(named(violations), []);
        // It leaves single digits and what a table has scrolled away undecided; all contrasts are measured below.
        const undecided = incomplete.filter(({ id }) => id !== 'color-contrast');
        assert.deepEqual(named(undecided), [], 'what could not be decided');
        const contrasts = await page.evaluate(measuredContrasts);
        assert.ok(contrasts.length > 500);
        assert.deepEqual(contrasts.filter(({ ratio }) => ratio < 4.5), []);
        passes.forEach(({ id }) => asked.add(id));
        await page.close();
      }
      for (const rule of ['color-contrast', 'html-has-lang', 'heading-order', 'scrollable-region-focusable', 'bypass']) {
        assert.ok(asked.has(rule), `${rule} was looked at`);
      }
    });
  }

  test('headings are in order, and every table says what it is and what its cells belong to', async () => {
    const { page } = await shown({ open: true });
    const levels = await page.$$eval('h1, h2, h3, h4, h5, h6', found => found.map(({ tagName }) => Number(tagName[1])));
    assert.equal(levels.filter(level => level === 1).length, 1);
    levels.reduce((above, level) => {
      assert.ok(level <= above + 1, `${levels}`);
      return level;
    }, 0);
    const tables = await page.$$eval('table', found =>
      found.map(table => ({
        caption: table.caption?.textContent.trim() ?? '',
        columns: [...table.querySelectorAll('thead th')].every(({ scope }) => scope === 'col'),
        rows: [...table.querySelectorAll('tbody tr')].every(row => row.cells[0].tagName === 'TH' && row.cells[0].scope === 'row'),
        even: [...table.rows].every(row => row.cells.length === table.rows[0].cells.length),
      })),
    );
    assert.ok(tables.length > 10);
    for (const table of tables) {
      assert.ok(table.caption && table.columns && table.rows && table.even, JSON.stringify(table));
    }
    await page.close();
  });

  test('what names and reasons hold is text', async () => {
    const { page } = await shown({ script: true, open: true });
    const [made, text] = await page.evaluate(() => [
      document.querySelectorAll('script, img, iframe, object, embed, form, link, a:not([href^="#"]), svg:not(.bar)').length,
      document.body.innerText,
    ]);
    assert.equal(made, 0);
    assert.ok(text.includes('<script>alert(1)</script>') && text.includes('<img src=x onerror=alert(2)>'));
    await page.close();
  });

  test('even what became markup would neither run nor load', async () => {
    const { page, seen, refused } = await shown({ script: true });
    const ran = await page.evaluate(async () => {
      const script = document.createElement('script');
      script.textContent = 'window.ran = true';
      const image = document.createElement('img');
      image.setAttribute('onerror', 'window.ran = true');
      image.src = 'https://example.com/x.png';
      const styled = document.createElement('p');
      styled.setAttribute('style', 'color: rgb(1, 2, 3)');
      document.body.append(script, image, styled);
      await new Promise(resolve => setTimeout(resolve, 200));
      return [window.ran === true, getComputedStyle(styled).color === 'rgb(1, 2, 3)'];
    });
    assert.deepEqual(ran, [false, false]);
    assert.deepEqual(refused, ['csp']);
    assert.ok(seen.complaints.length >= 3 && seen.complaints.every(text => /Content Security Policy/.test(text)), seen.complaints.join('\n'));
    await page.close();
  });

  test('by keyboard: over the contents to the report, and into everything that opens or scrolls', async () => {
    const { page } = await shown({ width: 360 });
    const focused = () => page.evaluate(() => document.activeElement.className || document.activeElement.id);
    await page.keyboard.press('Tab');
    assert.equal(await focused(), 'skip');
    const left = await page.$eval('.skip', link => link.getBoundingClientRect().left);
    assert.ok(left >= 0, 'it is seen when it has the focus');
    await page.keyboard.press('Enter');
    assert.equal(await focused(), 'main');
    const stops = await page.$$eval('summary, .scroll', found => found.map(({ tabIndex }) => tabIndex));
    assert.ok(stops.length > 10 && stops.every(index => index === 0), `${stops}`);
    await page.focus('summary');
    await page.keyboard.press('Enter');
    assert.equal(await page.$eval('details', details => details.open), true);
    await page.close();
  });

  test('printed: light, what is folded up too, heads of tables on every page', async () => {
    const { page } = await shown({ scheme: 'dark' });
    await page.emulateMediaType('print');
    const looks = await page.evaluate(() => {
      const style = (selector, name) => getComputedStyle(document.querySelector(selector))[name];
      return {
        ground: style('body', 'backgroundColor'),
        contents: style('nav', 'display'),
        head: style('thead', 'display'),
        row: style('tbody tr', 'breakInside'),
        folded: [...document.querySelectorAll('details:not([open]) tbody tr')].map(row => row.getBoundingClientRect().height),
      };
    });
    assert.ok(looks.folded.length > 50 && looks.folded.every(height => height > 5), `${looks.folded}`);
    delete looks.folded;
    assert.deepEqual(looks, { ground: 'rgb(255, 255, 255)', contents: 'none', head: 'table-header-group', row: 'avoid' });
    const pdf = Buffer.from(await page.pdf({ format: 'A4', printBackground: true, tagged: true }));
    if (SCREENSHOTS) writeFileSync(join(SCREENSHOTS, 'printed.pdf'), pdf);
    const pages = pdf.toString('latin1').match(/\/Type \/Page\b/g)?.length;
    assert.ok(pages >= 4 && pages <= 12, `${pages} pages`);
    await page.close();
  });
});
