import { afterEach, expect, test, vi } from 'vitest';
import { htmlRenderer } from '../../../reports/renderers/html.ts';
import { makeRecord } from '../../helpers/record/record.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

test('ECharts is given every part that the pictures of a report ask for', () => {
  // It draws without a part that is missing, and says so here.
  const said = vi.spyOn(console, 'error');
  const warned = vi.spyOn(console, 'warn');
  const page = htmlRenderer.render([makeRecord()]);
  expect(page.match(/<svg /g)?.length).toBeGreaterThan(4);
  expect([...said.mock.calls, ...warned.mock.calls]).toEqual([]);
});
