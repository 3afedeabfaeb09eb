import { describe, expect, it } from 'vitest';
import { markdownRenderer } from '../../../reports/renderers/markdown.ts';
import { shortSections } from '../../../reports/sections/all.ts';
import { makeRecord } from '../../helpers/record/record.ts';

const record = makeRecord();
const text = markdownRenderer.render([record], { directory: 'results/three-sites' });
/** As GitHub would show it. */
const shown = text.replaceAll(/\\(.)/g, '$1').replaceAll('&lt;', '<').replaceAll('&amp;', '&');

describe('the markdown report', () => {
  it('begins with the verdict and what it rests on', () => {
    expect(text.slice(0, text.indexOf('#### '))).toMatchInlineSnapshot(`
      "### ❌ three-sites: EXPECTATION MISSED

      **30,000 due = 29,875 completed + 125 failed (0.42 %), 995.5/s of 1,000/s offered**

      call over rabbitmq, 3 sites on loopback · 300 clients, 3 servers, 1 topic · 1,024 B bodies · open loop, constant arrivals · at-most-once · timeout 5 s · measured 30 s

      - ⚠️ warning: WAN\\_OUT\\_OF\\_TOLERANCE: paris -> nice: round trip of 84.60 ms measured, 80.00 ms requested *Keep the machine idle; \\\`busbench check\\\` names the next better fabric.*
      - ⚠️ warning: LOST: 22 messages were sent, not refused, and delivered nowhere (clients at paris 11, lyon 11) *See the bus: dropped, expired, or still queued after the drain?*
      - ⚠️ warning: LOST\\_REPLIES: 72 calls were delivered but no reply came back by the end of the drain (clients at lyon 38, paris 34) *A longer drain tells slow replies from lost ones.*
      - ⚠️ warning: DUPLICATED: 1 deliveries repeated an earlier one (sent by clients at nice 1; received at server.nice 1); the bus: rabbitmq 3.10.8 *At least once repeats after a lost acknowledgement; at most once must not.*

      - ✅ met: latency.response.p50 &lt; 50ms, got 798 µs
      - ❌ missed: outcome.lost == 0, got 22
      - ❌ missed: latency.response.p999 &lt; 1s, got no value
      - ✅ met: outcome.completed > 0 (implied), got 29,875
      - ❌ missed: outcome.duplicated == 0 (implied), got 1

      "
    `);
  });

  it('says all that the sections say', () => {
    // What these say is in the snapshot of the text report.
    for (const { title, facts, tables, notes } of shortSections(record.result)) {
      for (const { label, value } of facts) expect(shown).toContain(`${label} **${value}**`);
      for (const note of notes) expect(shown).toContain(`<sub>${note}</sub>`);
      for (const { caption, columns, rows } of tables) {
        const ruler = columns.map(({ kind }) => (kind === 'value' ? '---:' : '---'));
        const lines = [columns.map((column) => column.title), ruler];
        lines.push(...rows.map((row) => row.map((cell) => cell.text)));
        const table = lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
        expect(shown, title).toContain(`${caption}:\n\n${table}\n`);
      }
    }
    expect(shown.endsWith('\nResult: `results/three-sites`\n')).toBe(true);
  });

  it('folds what a reviewer does not look for first', () => {
    const titles = [...text.matchAll(/^<details>\n<summary>(.*)<\/summary>\n\n/gm)];
    const open = [...text.matchAll(/^#### (.*)$/gm)].map(([, title]) => title);
    expect(open).toEqual(['Latency', 'Faults']);
    const all = shortSections(record.result).map(({ title }) => title);
    expect(titles.map(([, title]) => title)).toEqual(all.filter((title) => !open.includes(title)));
    expect(text.match(/^<\/details>$/gm)).toHaveLength(titles.length);
  });

  it('lets no name become markup', () => {
    const name = '<b>*bold*</b> @team `x` | [link](y)\n# title';
    const named = markdownRenderer.render([makeRecord((result) => ({ ...result, name }))]);
    expect(named.split('\n')[0]).toBe(
      '### ❌ &lt;b>\\*bold\\*&lt;/b> @\u200bteam \\`x\\` \\| \\[link\\](y) # title: EXPECTATION MISSED',
    );
  });
});
