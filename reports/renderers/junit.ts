import type { RunResult } from '../result.ts';
import { headline } from '../sections/headline.ts';
import type { Renderer } from './renderer.ts';

/** The `expect` results as JUnit XML, one suite a result: what CI systems show beside other tests. */
export const junitRenderer: Renderer = {
  name: 'junit',
  extension: 'xml',
  render(records) {
    const suites = records.map(({ result }) => suiteOf(result));
    return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suites.join('\n')}\n</testsuites>\n`;
  },
};

function suiteOf(result: RunResult): string {
  const { name, startedAt, durationMs, verdict } = result;
  const missed = verdict.expectations.filter(({ met }) => !met).length;
  const trouble = troubleOf(result);
  const attributes = {
    name,
    tests: verdict.expectations.length + 1,
    failures: missed,
    errors: trouble === null ? 0 : 1,
    timestamp: startedAt,
    time: (durationMs / 1e3).toFixed(3),
  };
  const cases = [
    testCase(name, 'the run is valid', trouble === null ? null : element('error', trouble)),
    ...verdict.expectations.map(({ expression, actual, met, implied }) => {
      const message = `expected ${expression}, got ${actual === null ? 'no value' : actual}`;
      return testCase(
        name,
        implied ? `${expression} (implied)` : expression,
        met ? null : element('failure', { message, text: '' }),
      );
    }),
  ];
  const { label, outcome } = headline(result);
  const properties = [
    `      <property${attributesOf({ name: 'verdict', value: label })}/>`,
    `      <property${attributesOf({ name: 'outcome', value: outcome })}/>`,
  ];
  const head = `    <properties>\n${properties.join('\n')}\n    </properties>`;
  return `  <testsuite${attributesOf(attributes)}>\n${head}\n${cases.join('\n')}\n  </testsuite>`;
}

interface Trouble {
  readonly message: string;
  readonly text: string;
}

/** Why the numbers of a result are not to be trusted; null when they are. */
function troubleOf({ verdict }: RunResult): Trouble | null {
  const { status, failure, warnings } = verdict;
  if (status === 'ok' || status === 'expectation-missed') return null;
  if (failure !== null) {
    return { message: `${status}: ${failure.code}: ${failure.message}`, text: failure.hint };
  }
  const causes = warnings.filter(({ invalidates }) => invalidates);
  const text = causes
    .map(({ code, message, advice }) => `${code}: ${message}. ${advice}`)
    .join('\n');
  return { message: status, text };
}

function testCase(suite: string, name: string, inside: string | null): string {
  const attributes = attributesOf({ classname: suite, name });
  return inside === null
    ? `    <testcase${attributes}/>`
    : `    <testcase${attributes}>${inside}</testcase>`;
}

function element(name: 'failure' | 'error', { message, text }: Trouble): string {
  return `<${name}${attributesOf({ message })}>${escapeXml(text)}</${name}>`;
}

function attributesOf(attributes: Readonly<Record<string, string | number>>): string {
  return Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${escapeXml(String(value))}"`)
    .join('');
}

/** Characters that XML 1.0 forbids altogether are left out. */
function escapeXml(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replaceAll('\n', '&#10;')
  );
}
