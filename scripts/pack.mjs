// `prepack`: what npm runs before it packs, publishes, or installs from git. `dist` is not in the repository, so it is
// built here, from nothing, lest files of an earlier tree ship with it.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { compile, root } from './setup.mjs';

rmSync(join(root, 'dist'), { recursive: true, force: true });
compile();
