// Opens the console in a real Chromium, over a rehearsed portfolio: both languages, a desktop and a phone.
//
//   DUNLIN_BIN=target/debug/dunlin node tests/browser/run.mjs
//
// ./test names the program in DUNLIN_TEST_PROGRAM and the browser in DUNLIN_TEST_CHROMIUM. On a failure it keeps a
// picture of the page and says where it is.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const program = process.env.DUNLIN_BIN ?? process.env.DUNLIN_TEST_PROGRAM ?? 'target/debug/dunlin';
const browserPath = process.env.DUNLIN_TEST_CHROMIUM ?? '/usr/bin/chromium';

const words = {
  zh: {
    tag: 'zh-CN', today: '今日', silence: '静默', agreement: '合约', unexplained: '未解释',
    explained: '每一份逾期合约都有判定，没有无故静默',
    todayParts: ['覆盖情况', '暂停与事故', '消息', '判定与原因', '逾期阶段'],
    silenceParts: ['逐日原因', '区间合计', '逐日数字'],
    agreementParts: ['授信额度与占用', '判定日历', '未结账单', '经过', '联系方式'],
    whyParts: ['结论', '从事实到结果', '可以告知客户'], whyHeading: /为什么(没有)?联系(了)?客户？/,
    noAgreement: '没有这份合约', noDay: '日期不存在',
    books: '账簿', trialBalance: '试算平衡表', balanced: '借贷平衡', cardParts: ['期初与期末', '发生额明细'],
  },
  en: {
    tag: 'en', today: 'Today', silence: 'Silence', agreement: 'Agreement', unexplained: 'Unexplained',
    explained: 'Every overdue agreement has its verdict, none is silent without a reason',
    todayParts: ['Coverage', 'Pauses and incidents', 'Messages', 'Verdicts by reason', 'Buckets'],
    silenceParts: ['Reasons over time', 'All these days', 'Day by day'],
    agreementParts: ['Credit line', 'Verdicts by day', 'Open statements', 'Timeline', 'Contact points'],
    whyParts: ['Answer', 'From facts to outcome', 'What the customer may be told'],
    whyHeading: /Why did the customer hear (nothing|from us)\?/,
    noAgreement: 'No such agreement', noDay: 'No such day',
    books: 'Books', trialBalance: 'Trial balance', balanced: 'Both sides are equal', cardParts: ['Opening and closing', 'Movements'],
  },
};

const screens = [
  { name: 'desktop', viewport: { width: 1280, height: 900 }, colorScheme: 'light' },
  { name: 'phone', viewport: { width: 390, height: 844 }, colorScheme: 'dark', hasTouch: true, isMobile: true },
];

// --- The program -------------------------------------------------------------------------------------------------

function rehearse(folder) {
  const asked = ['demo', '--customers', '300', '--days', '40', '--no-serve', '--data', folder];
  const run = spawnSync(program, asked, { encoding: 'utf8' });
  assert.equal(run.error, undefined, `${program} cannot be run: ${run.error?.message}`);
  assert.equal(run.status, 0, `dunlin ${asked.join(' ')} failed:\n${run.stdout}\n${run.stderr}`);
}

// Starts the console and gives its process and address.
async function open(folder) {
  const server = spawn(program, ['serve', '--data', folder, '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => server.once('exit', (code, signal) => resolve(code ?? signal)));
  for await (const line of createInterface({ input: server.stdout })) {
    const address = line.match(/http:\/\/127\.0\.0\.1:\d+/)?.[0];
    if (address) return { server, ended, address };
  }
  throw new Error(`the console did not say where it is; it ended with ${await ended}`);
}

// --- What holds for every page -----------------------------------------------------------------------------------

function watch(context, address) {
  const trouble = [];
  context.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== address && protocol !== 'data:') trouble.push(`asked for ${request.url()}`);
  });
  context.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) trouble.push(`console: ${message.text()}`);
  });
  context.on('weberror', (error) => trouble.push(`error: ${error.error().message}`));
  return trouble;
}

async function checkPage(page, heading, parts, tag) {
  assert.equal(await page.locator('html').getAttribute('lang'), tag, 'the language of the page');
  const first = (await page.locator('h1').innerText()).trim();
  if (heading instanceof RegExp) assert.match(first, heading);
  else assert.ok(first.startsWith(heading), `the heading is ${first}, not ${heading}`);
  const seconds = (await page.locator('h2').allInnerTexts()).map((text) => text.trim());
  for (const part of parts) assert.ok(seconds.includes(part), `${part} is not among ${seconds}`);
  const tooWide = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(tooWide <= 0, `${page.url()} is ${tooWide} px wider than the screen`);
  const unnamed = await page.evaluate(() => [...document.querySelectorAll('a, button, input, svg[role=img]')]
    .filter((node) => !(node.getAttribute('aria-label') || node.getAttribute('aria-labelledby')
      || node.labels?.length || node.textContent.trim())).map((node) => node.outerHTML));
  assert.deepEqual(unnamed, [], 'nothing to click is without a name');
}

// --- One reader's way through the console ------------------------------------------------------------------------

async function walk(context, address, text) {
  const page = await context.newPage();
  const at = (heading, parts) => checkPage(page, heading, parts, text.tag);

  await page.goto(`${address}/?lang=${text.tag.slice(0, 2)}`);
  await at(text.today, text.todayParts);
  await checkRing(page, text);

  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.className), 'skip', 'Tab begins at the skip link');

  // The chosen language stays without being named again.
  await page.getByRole('link', { name: text.silence, exact: true }).click();
  await at(text.silence, text.silenceParts);
  const { href, count } = await openSegment(page);
  await at('', []);
  assert.ok(page.url().endsWith(href), `the segment led to ${page.url()}, not ${href}`);
  assert.equal(await page.locator('table.list tbody tr').count(), Math.min(count, 50), 'the list is the segment');

  const id = (await page.locator('table.list tbody th a').first().innerText()).trim();
  await page.locator('table.list tbody th a').first().click();
  await at(`${text.agreement} ${id}`, text.agreementParts);

  await page.locator('a.day[aria-current=date]').click();
  await at(text.whyHeading, text.whyParts);
  assert.ok(await page.locator('ol.chain li').count() >= 3, 'the chain has facts, position and outcome');
  assert.notEqual((await page.locator('blockquote').innerText()).trim(), '', 'the customer can be told something');

  await page.getByRole('searchbox').fill(id);
  await page.getByRole('searchbox').press('Enter');
  await at(`${text.agreement} ${id}`, text.agreementParts);

  await page.getByRole('link', { name: text.books, exact: true }).click();
  await at(text.trialBalance, [text.balanced]);
  await picture(page, `books-${text.tag}`);
  const code = (await page.locator('table.books tbody th a .code').first().innerText()).trim();
  await page.locator('table.books tbody th a').first().click();
  await at(code, text.cardParts);
  await picture(page, `account-${text.tag}`);
  return page;
}

// A picture for people to look at, where DUNLIN_TEST_PICTURES names a folder.
async function picture(page, name) {
  const folder = process.env.DUNLIN_TEST_PICTURES;
  if (!folder) return;
  const width = page.viewportSize().width;
  await page.screenshot({ path: join(folder, `${name}-${width}.png`), fullPage: true });
}

async function checkRing(page, text) {
  const coverage = page.locator('.coverage');
  assert.equal(await coverage.getAttribute('data-unexplained'), '0', 'unexplained');
  assert.ok(Number(await coverage.getAttribute('data-overdue')) > 0, 'nothing is overdue, so nothing is shown');
  assert.equal(await page.locator('.ring-number').textContent(), '0', 'the ring says 0');
  assert.equal(await page.locator('.ring-word').textContent(), text.unexplained);
  assert.ok((await page.locator('.judgement').innerText()).includes(text.explained), 'the words beside the ring');
  assert.equal(await page.locator('.ring-arc.arc-unexplained').count(), 0, 'no arc in the colour of alarm');
}

// Clicks the highest segment of the chart that leads to a list, and gives its address and the number it says.
async function openSegment(page) {
  const segments = page.locator('svg.plot a[href^="/silence/"]');
  const heights = await segments.evaluateAll((all) => all.map((one) => one.getBoundingClientRect().height));
  assert.ok(heights.length > 0, 'the chart has segments');
  const segment = segments.nth(heights.indexOf(Math.max(...heights)));
  const href = await segment.getAttribute('href');
  const title = await segment.locator('title').textContent();
  const count = Number(title.match(/: ([\d,]+) \(/)[1].replaceAll(',', ''));
  const inTable = page.locator(`table.matrix a[href="${href}"]`);
  assert.equal(Number((await inTable.textContent()).replaceAll(',', '')), count, 'chart and table agree');
  await segment.locator('rect').first().click();
  await page.waitForURL(`**${href}`);
  return { href, count };
}

// Pages that say what is wrong. Chromium notes their status in the console, so they are not watched for that.
async function checkProblems(context, address, text) {
  const page = await context.newPage();
  for (const [path, status, heading] of [
    ['/agreements/no-such-agreement', 404, text.noAgreement],
    ['/today?on=2026-02-30', 400, text.noDay],
  ]) {
    const response = await page.goto(address + path);
    assert.equal(response.status(), status, path);
    await checkPage(page, heading, [], text.tag);
  }
  await page.close();
}

// --- All of them ---------------------------------------------------------------------------------------------------

async function main(folder) {
  rehearse(folder);
  const { server, ended, address } = await open(folder);
  // Nothing but this machine can be found, so a request to elsewhere fails even if it is not seen here.
  const args = ['--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'];
  if (process.getuid?.() === 0) args.push('--no-sandbox');
  const browser = await chromium.launch({ executablePath: browserPath, args });
  try {
    for (const { name, ...screen } of screens) {
      for (const [language, text] of Object.entries(words)) {
        const context = await browser.newContext(screen);
        try {
          const trouble = watch(context, address);
          await walk(context, address, text);
          assert.deepEqual(trouble, [], 'requests, console and errors');
          await checkProblems(context, address, text);
        } catch (error) {
          await keepPictures(context, `${name}-${language}`);
          throw error;
        }
        await context.close();
        console.log(`    ${name}, ${language}: Today, Silence, list, Agreement, why and two problems`);
      }
    }
  } finally {
    await browser.close();
    server.kill('SIGINT');
  }
  assert.equal(await ended, 0, 'the console stops at Ctrl-C');
}

async function keepPictures(context, name) {
  for (const [index, page] of context.pages().entries()) {
    const path = join(tmpdir(), `dunlin-browser-${name}-${index}.png`);
    await page.screenshot({ path, fullPage: true });
    console.error(`${page.url()} looked like ${path}`);
  }
}

const folder = mkdtempSync(join(tmpdir(), 'dunlin-browser.'));
try {
  await main(join(folder, 'data'));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
