// The kinds of panels that the components of @grafana/ui draw.

import {
  type DataFrame,
  FieldType,
  getDisplayValueAlignmentFactors,
  getFieldDisplayValues,
  type FieldDisplay,
  VizOrientation,
} from '@grafana/data';
import { BarGauge, BigValue, TimeSeries, VizRepeater } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import { type ComponentType } from 'react';

import { type Drawn, Empty } from './panel';
import { BarChart, Gauge, Heatmap, Timeline } from './simple';

function figures({ panel, frames, fieldConfig, replaced, theme }: Drawn): FieldDisplay[] {
  return getFieldDisplayValues({
    data: frames,
    fieldConfig: fieldConfig as never,
    reduceOptions: panel.options.reduceOptions,
    replaceVariables: replaced as never,
    sparkline: panel.options.graphMode === 'area',
    theme,
    timeZone: 'utc',
  });
}

function Stat(drawn: Drawn) {
  const { panel, width, height, theme } = drawn;
  const options = panel.options;
  return (
    <VizRepeater
      source={drawn}
      getValues={() => figures(drawn)}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      renderCounter={0}
      width={width}
      height={height}
      autoGrid
      orientation={options.orientation}
      renderValue={({ value, count, alignmentFactors, width, height }) => (
        <BigValue
          value={value.display}
          count={count}
          sparkline={value.sparkline}
          colorMode={options.colorMode}
          graphMode={options.graphMode}
          justifyMode={options.justifyMode}
          textMode={options.textMode}
          alignmentFactors={alignmentFactors}
          width={width}
          height={height}
          theme={theme}
        />
      )}
    />
  );
}

function Bars(drawn: Drawn) {
  const { panel, width, height, theme } = drawn;
  const options = panel.options;
  return (
    <VizRepeater
      source={drawn}
      getValues={() => figures(drawn)}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      renderCounter={0}
      width={width}
      height={height}
      minVizHeight={options.minVizHeight}
      itemSpacing={10}
      orientation={options.orientation}
      renderValue={({ value, alignmentFactors, orientation, width, height }) => (
        <BarGauge
          value={value.display}
          field={value.field}
          display={value.view?.getFieldDisplayProcessor(value.colIndex ?? 0)}
          orientation={orientation as VizOrientation}
          displayMode={options.displayMode}
          showUnfilled={options.showUnfilled}
          alignmentFactors={alignmentFactors}
          itemSpacing={10}
          lcdCellWidth={12}
          width={width}
          height={height}
          theme={theme}
        />
      )}
    />
  );
}

function Table({ panel, frames, fieldConfig, width, height }: Drawn) {
  const [frame] = frames;
  if (!frame?.length) {
    return <Empty fieldConfig={fieldConfig} height={height} />;
  }
  return (
    <TableNG
      data={frame}
      width={width}
      height={height}
      sortBy={panel.options.sortBy}
      fieldConfig={fieldConfig as never}
      noHeader={!panel.options.showHeader}
      cellHeight={panel.options.cellHeight ?? 'sm'}
      enableVirtualization={false}
    />
  );
}

function Graph({ panel, frames, fieldConfig, server, width, height }: Drawn) {
  const shown = frames.filter(hasFigures);
  if (!shown.length) {
    return <Empty fieldConfig={fieldConfig} height={height} />;
  }
  return (
    <TimeSeries
      frames={shown}
      structureRev={1}
      width={width}
      height={height}
      timeRange={server.range}
      timeZone="utc"
      legend={panel.options.legend}
      options={panel.options}
    />
  );
}

function hasFigures(frame: DataFrame): boolean {
  return frame.length > 0 && frame.fields.some(({ type }) => type === FieldType.number);
}

export const KINDS: Record<string, ComponentType<Drawn>> = {
  stat: Stat,
  bargauge: Bars,
  table: Table,
  timeseries: Graph,
  'state-timeline': Timeline,
  heatmap: Heatmap,
  barchart: BarChart,
  gauge: Gauge,
};
