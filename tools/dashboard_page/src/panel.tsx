// One panel: its frame with the title, and in it what its kind draws.

import { type DataFrame, type GrafanaTheme2 } from '@grafana/data';
import { PanelChrome, useTheme2 } from '@grafana/ui';
import { useEffect, useState } from 'react';

import { prepared } from './fields';
import { KINDS } from './kinds';
import { framesOf, type Json, type Server } from './prometheus';
import { interpolated, type Values } from './variables';

export interface Drawn {
  panel: Json;
  frames: DataFrame[];
  fieldConfig: Json;
  replaced: (text: string, scoped?: Json) => string;
  width: number;
  height: number;
  server: Server;
  theme: GrafanaTheme2;
}

interface Props {
  panel: Json;
  width: number;
  height: number;
  server: Server;
  known: Values;
  whenDone: (error?: string) => void;
}

const PADDING = 16;

export function Panel({ panel, width, height, server, known, whenDone }: Props) {
  const theme = useTheme2();
  const [data, setData] = useState<Pick<Drawn, 'frames' | 'fieldConfig' | 'replaced'>>();
  useEffect(() => {
    framesOf(server, panel, width - PADDING, known)
      .then((frames) => prepared(frames, panel, theme, known))
      .then(setData)
      .then(
        () => whenDone(),
        (error) => whenDone(`${panel.title}: ${error.stack}`),
      );
  }, []);
  const Kind = KINDS[panel.type] ?? Unknown;
  return (
    <PanelChrome
      title={interpolated(panel.title, known)}
      description={panel.description}
      width={width}
      height={height}
      padding={panel.type === 'table' ? 'none' : 'md'}
    >
      {(innerWidth, innerHeight) =>
        data && <Kind {...data} panel={panel} server={server} theme={theme} width={innerWidth} height={innerHeight} />
      }
    </PanelChrome>
  );
}

function Unknown({ panel }: Drawn) {
  return <>A panel of the kind {panel.type} is not drawn here.</>;
}

export function Empty({ fieldConfig, height }: Pick<Drawn, 'fieldConfig' | 'height'>) {
  return (
    <div style={{ height, display: 'flex', alignItems: 'center', justifyContent: 'center', textAlign: 'center' }}>
      {fieldConfig.defaults.noValue ?? 'No data'}
    </div>
  );
}
