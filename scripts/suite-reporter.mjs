// A vitest reporter that notes what is to run and what ran, one JSON object a line, while it runs: what a runner that
// dies half way leaves behind still says what is missing. `suite.mjs` reads it.
import { appendFileSync } from 'node:fs';
import { relative } from 'node:path';

export class SuiteReporter {
  #file = process.env.BUSBENCH_SUITE_REPORT ?? '';
  #root = process.cwd();
  #written = new Set();

  onInit(vitest) {
    this.#root = vitest.config.root;
  }

  onTestRunStart(specifications) {
    const modules = specifications.map(({ moduleId }) => relative(this.#root, moduleId));
    this.#note({ kind: 'start', modules });
  }

  onTestModuleEnd(module) {
    this.#module(module);
  }

  onTestRunEnd(modules, errors) {
    // One whose worker crashed never ended.
    for (const module of modules) this.#module(module);
    this.#note({ kind: 'end', errors: errors.map(({ message }) => String(message)) });
  }

  #module(module) {
    if (this.#written.has(module.moduleId)) return;
    this.#written.add(module.moduleId);
    const tests = [...module.children.allTests()].map((test) => ({
      name: test.fullName,
      state: test.result().state,
      flaky: test.diagnostic()?.flaky ?? false,
    }));
    this.#note({
      kind: 'module',
      name: relative(this.#root, module.moduleId),
      state: module.state(),
      errors: module.errors().length,
      ms: Math.round(module.diagnostic().duration),
      tests,
    });
  }

  #note(line) {
    appendFileSync(this.#file, `${JSON.stringify(line)}\n`);
  }
}

// biome-ignore lint/style/noDefaultExport: vitest takes a reporter's default export.
export default SuiteReporter;
