// Draws what the address of the page asks for, and sets `window.drawn` when every panel is there.

import { createTheme, ThemeContext } from '@grafana/data';
import { GlobalStyles } from '@grafana/ui';
import { createRoot } from 'react-dom/client';

import { Board, panelsOf } from './board';
import { prepareLibraries } from './fields';
import { type Json, rangeOf, Server, timeVariables } from './prometheus';
import { asked } from './variables';

declare global {
  interface Window {
    drawn?: { errors: string[] };
  }
}

async function main() {
  const {
    board: file,
    prometheus,
    now,
    from,
    theme: mode,
    opened,
    ...rest
  } = Object.fromEntries(new URLSearchParams(location.search));
  prepareLibraries();
  const board: Json = await (await fetch(`${file}.json`)).json();
  const range = rangeOf(from ?? board.time.from, Number(now));
  const server = new Server(prometheus, range);
  const chosen = Object.fromEntries(Object.entries(rest).map(([name, value]) => [name.replace(/^var-/, ''), value]));
  const known = await asked(server, board.templating.list, chosen, timeVariables(range));
  let open = panelsOf(board, Boolean(opened)).length;
  const errors: string[] = [];
  const whenDone = (error?: string) => {
    errors.push(...(error ? [error] : []));
    open -= 1;
    window.drawn = open ? undefined : { errors };
  };
  const theme = createTheme({ colors: { mode: mode as 'light' | 'dark' } });
  createRoot(document.getElementById('page')!).render(
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <Board
        board={board}
        server={server}
        known={known}
        width={document.documentElement.clientWidth}
        opened={Boolean(opened)}
        whenDone={whenDone}
      />
    </ThemeContext.Provider>,
  );
}

main().catch((error) => {
  window.drawn = { errors: [error.stack] };
});
