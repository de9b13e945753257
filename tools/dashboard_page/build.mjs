// Write the page to the folder that is named: page.js, page.css, index.html, and Grafana's icons and font.

import { build } from 'esbuild';
import { copyFile, cp } from 'node:fs/promises';

const FONT = 'node_modules/@fontsource-variable/inter/files/inter-latin-wght-normal.woff2';
const folder = process.argv[2];

await build({
  entryPoints: { page: 'src/index.tsx' },
  bundle: true,
  minify: true,
  outdir: folder,
  jsx: 'automatic',
  target: 'chrome120',
  define: { 'process.env.NODE_ENV': '"production"', global: 'window' },
  loader: { '.woff2': 'file', '.svg': 'dataurl', '.ttf': 'file' },
  logLevel: 'warning',
});
await copyFile('index.html', `${folder}/index.html`);
// The package of components expects its font under these names, and does not bring it.
for (const weight of ['Regular', 'Medium']) {
  await cp(FONT, `${folder}/public/fonts/inter/Inter-${weight}.woff2`);
}
await cp('node_modules/@grafana/ui/dist/public', `${folder}/public/build`, { recursive: true });
