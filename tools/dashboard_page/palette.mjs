// Write each PNG that is named with a palette of 256 colours, which takes less than half of the bytes.

import { readFile, writeFile } from 'node:fs/promises';
import UPNG from 'upng-js';

for (const file of process.argv.slice(2)) {
  const bytes = await readFile(file);
  const picture = UPNG.decode(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  await writeFile(file, Buffer.from(UPNG.encode(UPNG.toRGBA8(picture), picture.width, picture.height, 256)));
}
