// A headless Chromium: the one that an npm package carries, on Linux with x86-64, so that a new machine needs nothing but
// `npm ci`; elsewhere one that is installed.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';

import puppeteer from 'puppeteer-core';

const INSTALLED = [
  'chromium-headless-shell',
  'chromium',
  'chromium-browser',
  'google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Where the package's Chromium is unpacked; with it the libraries that it needs and a machine may lack. */
function packaged() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  const packed = join(dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium')), '../../bin');
  const folder = join(packed, 'unpacked');
  const unpack = name => brotliDecompressSync(readFileSync(join(packed, name)));
  // Written last, so that one that was cut off is made again.
  const whole = join(folder, 'whole');
  if (!existsSync(whole)) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'chromium'), unpack('chromium.br'), { mode: 0o755 });
    for (const archive of ['al2023.tar.br', 'fonts.tar.br']) {
      execFileSync('tar', ['--extract', '--directory', folder], { input: unpack(archive) });
    }
    // Its own knows the paths of a Lambda function only.
    const fonts = `<dir>${join(folder, 'fonts')}</dir><cachedir>${join(folder, 'cache')}</cachedir>`;
    writeFileSync(join(folder, 'fonts.conf'), `<?xml version="1.0"?><fontconfig>${fonts}</fontconfig>`);
    writeFileSync(whole, '');
  }
  return { program: join(folder, 'chromium'), libraries: join(folder, 'lib'), fonts: join(folder, 'fonts.conf') };
}

function installed() {
  for (const name of INSTALLED) {
    try {
      return { program: execFileSync('sh', ['-c', 'command -v "$0"', name], { encoding: 'utf8' }).trim() };
    } catch {
      // The next one.
    }
  }
  return undefined;
}

const found = packaged() ?? installed();

/** Why nothing can be shown; undefined where a browser was found. */
export const missing = found ? undefined : `no browser: none of ${INSTALLED.join(', ')} is installed`;

/** Starts a browser; nothing that a page could reach is within its reach. */
export async function launch() {
  const env = { ...process.env };
  if (found.libraries) {
    env.LD_LIBRARY_PATH = found.libraries;
    env.FONTCONFIG_FILE = found.fonts;
  }
  return puppeteer.launch({
    executablePath: found.program,
    headless: 'shell',
    env,
    args: [
      // As root, in a container, and for a file of ours.
      '--no-sandbox',
      '--disable-dev-shm-usage',
      '--disable-gpu',
      '--font-render-hinting=none',
      '--host-resolver-rules=MAP * ~NOTFOUND',
    ],
  });
}
