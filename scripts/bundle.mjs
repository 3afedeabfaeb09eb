// The last step of the build: what we use of ECharts becomes one file, in the place of the module that imports it, with
// the licences of what is in it beside. The 62 MB of the library itself need not be installed with busbench then.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { root } from './setup.mjs';

const name = 'reports/charts/echarts';
const output = join(root, 'dist', `${name}.js`);
// The paths of tsconfig.json lead to types.
const build = await rolldown({
  input: join(root, `${name}.ts`),
  platform: 'node',
  tsconfig: false,
});
await build.write({ file: output, format: 'esm', minify: true });
await build.close();
// Of the compiled module, not of the bundle.
rmSync(`${output}.map`, { force: true });

const licences = [
  ['echarts', 'LICENSE'],
  ['echarts', 'NOTICE'],
  ['echarts', 'licenses/LICENSE-d3'],
  ['zrender', 'LICENSE'],
  ['tslib', 'LICENSE.txt'],
];
const texts = licences.map(([library = '', file = '']) => {
  const text = readFileSync(join(root, 'node_modules', library, file), 'utf8');
  return `==== ${library}: ${file}\n\n${text.trim()}\n`;
});
writeFileSync(join(root, 'dist', `${name}.LICENSES.txt`), texts.join('\n'));
