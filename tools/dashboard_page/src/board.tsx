// A dashboard: heading, variables, and panels on Grafana's grid of 24 columns.

import { useTheme2 } from '@grafana/ui';
import { type ReactNode } from 'react';

import { Panel } from './panel';
import { type Json, type Server } from './prometheus';
import { type Values, type Variable } from './variables';

const COLUMNS = 24;
const CELL = 30;
const GAP = 8;

interface Props {
  board: Json;
  server: Server;
  known: Values;
  width: number;
  opened: boolean;
  whenDone: (error?: string) => void;
}

interface Placed {
  panel: Json;
  x: number;
  y: number;
}

export function Board({ board, server, known, width, opened, whenDone }: Props) {
  const theme = useTheme2();
  const isNarrow = width < theme.breakpoints.values.md;
  const inner = width - 4 * GAP;
  const column = (inner - (COLUMNS - 1) * GAP) / COLUMNS;
  let bottom = 0;
  const drawn = placed(board.panels, opened).map(({ panel, x, y }) => {
    const [w, h] = [panel.gridPos.w, panel.gridPos.h];
    const height = h * CELL + (h - 1) * GAP;
    const at = isNarrow
      ? { left: 0, top: bottom, width: inner }
      : { left: x * (column + GAP), top: y * (CELL + GAP), width: w * column + (w - 1) * GAP };
    bottom = Math.max(bottom, at.top + height + GAP);
    return (
      <div key={panel.id} style={{ position: 'absolute', height, ...at }}>
        {panel.type === 'row' ? (
          <Heading panel={panel} isClosed={panel.collapsed && !opened} />
        ) : (
          <Panel panel={panel} server={server} known={known} width={at.width} height={height} whenDone={whenDone} />
        )}
      </div>
    );
  });
  return (
    <div style={{ width, padding: 2 * GAP, background: theme.colors.background.canvas }}>
      <Controls board={board} server={server} known={known} />
      <div style={{ position: 'relative', height: bottom }}>{drawn}</div>
    </div>
  );
}

// Panels with their place; those of a closed row only where rows are opened, which moves what is below.
function placed(panels: Json[], opened: boolean): Placed[] {
  let moved = 0;
  return panels.flatMap((panel) => {
    const here = { panel, x: panel.gridPos.x, y: panel.gridPos.y + moved };
    const hidden: Json[] = (opened && panel.collapsed && panel.panels) || [];
    const inner = hidden.map((one) => ({ panel: one, x: one.gridPos.x, y: one.gridPos.y + moved }));
    moved += hidden.length ? Math.max(...hidden.map(({ gridPos }) => gridPos.y + gridPos.h)) - panel.gridPos.y - 1 : 0;
    return [here, ...inner];
  });
}

export function panelsOf(board: Json, opened: boolean): Json[] {
  return placed(board.panels, opened)
    .map(({ panel }) => panel)
    .filter(({ type }) => type !== 'row');
}

function Heading({ panel, isClosed }: { panel: Json; isClosed: boolean }) {
  const theme = useTheme2();
  const count = isClosed ? ` (${panel.panels.length} panel${panel.panels.length === 1 ? '' : 's'})` : '';
  return (
    <div
      style={{
        display: 'flex',
        alignItems: 'center',
        height: CELL,
        gap: GAP,
        fontSize: theme.typography.h5.fontSize,
        fontWeight: 500,
      }}
    >
      <span style={{ color: theme.colors.text.secondary }}>{isClosed ? '›' : '⌄'}</span>
      {panel.title}
      <span style={{ ...theme.typography.bodySmall, color: theme.colors.text.secondary }}>{count}</span>
    </div>
  );
}

function Controls({ board, server, known }: Pick<Props, 'board' | 'server' | 'known'>) {
  const theme = useTheme2();
  const shown = board.templating.list
    .map(({ name }: Json) => known[name] as Variable)
    .filter(({ isHidden }: Variable) => !isHidden);
  const { from, to } = server.range;
  return (
    <div style={{ marginBottom: 2 * GAP }}>
      <div style={{ display: 'flex', justifyContent: 'space-between', flexWrap: 'wrap', marginBottom: GAP }}>
        <span style={{ ...theme.typography.body }}>{board.title.replace(' / ', ' › ')}</span>
        <span style={{ ...theme.typography.bodySmall, color: theme.colors.text.secondary }}>
          {from.utc().format('YYYY-MM-DD HH:mm')} to {to.utc().format('YYYY-MM-DD HH:mm')}
        </span>
      </div>
      <div style={{ display: 'flex', flexWrap: 'wrap', gap: GAP }}>
        {shown.map(({ name, label, values, texts }: Variable) => (
          <Box key={name} label={label}>
            {values.map((value) => (value === '$__all' ? 'All' : (texts[value] ?? value))).join(' + ')}
          </Box>
        ))}
      </div>
    </div>
  );
}

function Box({ label, children }: { label: string; children: ReactNode }) {
  const theme = useTheme2();
  const one = { border: `1px solid ${theme.colors.border.weak}`, padding: '5px 8px', ...theme.typography.bodySmall };
  return (
    <span style={{ display: 'flex', maxWidth: '100%' }}>
      <span style={{ ...one, background: theme.colors.background.primary, whiteSpace: 'nowrap' }}>{label}</span>
      <span style={{ ...one, background: theme.components.input.background, overflowWrap: 'anywhere' }}>
        {children}
      </span>
    </span>
  );
}
