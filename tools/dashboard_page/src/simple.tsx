// Kinds of panels whose components are not in @grafana/ui: they are part of Grafana's server, and drawn simply here.

import { type Field, FieldType, formattedValueToString, getFieldDisplayName, getValueFormat } from '@grafana/data';
import { scaleTime } from 'd3-scale';
import { interpolateBlues } from 'd3-scale-chromatic';
import { type ReactNode } from 'react';

import { type Drawn, Empty } from './panel';

const AXIS = 22;
const LEFT = 60;

interface Mark {
  key: string;
  at: number;
  text: string;
}

// A drawing with an axis below it and names on its left.
function Axes({ drawn, below, left, children }: { drawn: Drawn; below: Mark[]; left: Mark[]; children: ReactNode }) {
  const { width, height, theme } = drawn;
  const text = { fill: theme.colors.text.primary, fontSize: 12 };
  return (
    <svg width={width} height={height} style={{ display: 'block' }}>
      {children}
      {below.map(({ key, at, text: shown }) => (
        <text key={key} {...text} x={at} y={height - 6} textAnchor="middle">
          {shown}
        </text>
      ))}
      {left.map(({ key, at, text: shown }) => (
        <text key={key} {...text} x={LEFT - 6} y={at} textAnchor="end" dominantBaseline="middle">
          {shown}
        </text>
      ))}
    </svg>
  );
}

function timeAxis({ server, width }: Drawn, left: number) {
  const place = scaleTime([server.range.from.toDate(), server.range.to.toDate()], [left, width]);
  const hasDays = server.range.to.diff(server.range.from, 'hours') > 48;
  const label = (at: Date) =>
    hasDays ? at.toISOString().slice(5, 10).replace('-', '/') : at.toISOString().slice(11, 16);
  const ticks = place
    .ticks(Math.max(2, Math.floor((width - left) / 90)))
    .map((at) => ({ at: place(at), text: label(at) }));
  // The first days of months come on top of the others.
  const apart = ticks.filter(({ at }, number) => !number || at - ticks[number - 1].at > 50);
  return { place, marks: apart.map((tick) => ({ ...tick, key: String(tick.at) })) };
}

export function Timeline(drawn: Drawn) {
  const { frames, fieldConfig, width, height, theme } = drawn;
  const { place, marks } = timeAxis(drawn, LEFT);
  const rows = frames.flatMap((frame) =>
    frame.fields.filter(({ type }) => type === FieldType.number).map((field) => ({ frame, field })),
  );
  if (!rows.length) {
    return <Empty fieldConfig={fieldConfig} height={height} />;
  }
  const tall = (height - AXIS) / rows.length;
  return (
    <Axes
      drawn={drawn}
      below={marks}
      left={rows.map(({ frame, field }, row) => ({
        key: String(row),
        at: (row + 0.5) * tall,
        text: getFieldDisplayName(field, frame),
      }))}
    >
      {rows.flatMap(({ frame, field }, row) =>
        stretches(field, frame.fields[0].values, drawn).map(({ from, until, text, color }) => {
          const [x, end] = [place(from), Math.min(place(until), width)];
          return (
            <g key={`${row} ${from}`}>
              <rect
                x={x}
                y={(row + 0.1) * tall}
                width={Math.max(end - x, 1)}
                height={0.8 * tall}
                fill={color}
                fillOpacity={0.8}
              />
              {end - x > 7 * text.length + 8 && (
                <text
                  x={x + 4}
                  y={(row + 0.5) * tall}
                  fontSize={12}
                  dominantBaseline="middle"
                  fill={theme.colors.getContrastText(color!)}
                >
                  {text}
                </text>
              )}
            </g>
          );
        }),
      )}
    </Axes>
  );
}

// Times in which a value stays; the last one goes on to the end.
function stretches(field: Field, times: number[], { server }: Drawn) {
  const starts = times.filter((_, place) => place === 0 || field.values[place] !== field.values[place - 1]);
  return starts.map((from, place) => {
    const { text, color } = field.display!(field.values[times.indexOf(from)]);
    return { from, until: starts[place + 1] ?? server.range.to.valueOf(), text, color };
  });
}

export function Heatmap(drawn: Drawn) {
  const { panel, frames, fieldConfig, height, theme } = drawn;
  const [times, ...rows] = frames[0]?.fields ?? [];
  if (!rows.length) {
    return <Empty fieldConfig={fieldConfig} height={height} />;
  }
  const { place, marks } = timeAxis(drawn, LEFT);
  const most = Math.max(...rows.flatMap(({ values }) => values));
  const tall = (height - AXIS) / rows.length;
  const step = times.config.interval!;
  const unit = getValueFormat(panel.options.yAxis.unit);
  const { exponent, steps } = panel.options.color;
  const color = (value: number) => {
    const share = Math.round((value / most) ** exponent * steps) / steps;
    return interpolateBlues(theme.isDark ? 1 - share : share);
  };
  return (
    <Axes
      drawn={drawn}
      below={marks}
      left={rows.map(({ name }, row) => ({
        key: name,
        at: height - AXIS - (row + 0.5) * tall,
        text: formattedValueToString(unit(Number(name))),
      }))}
    >
      {rows.flatMap(({ values }, row) =>
        values.map((value, column) => {
          const x = place(times.values[column]);
          const wide = place(times.values[column] + step) - x - 1;
          const y = height - AXIS - (row + 1) * tall;
          return (
            value > 0 && (
              <rect
                key={`${row} ${column}`}
                x={x}
                y={y}
                width={Math.max(wide, 1)}
                height={tall - 1}
                fill={color(value)}
              />
            )
          );
        }),
      )}
    </Axes>
  );
}

export function BarChart(drawn: Drawn) {
  const { panel, frames, fieldConfig, width, height } = drawn;
  const [frame] = frames;
  const names = frame?.fields.find(({ name }) => name === panel.options.xField);
  const figures = frame?.fields.find(({ type }) => type === FieldType.number);
  if (!names || !figures) {
    return <Empty fieldConfig={fieldConfig} height={height} />;
  }
  const most = Math.max(...figures.values, 1);
  const wide = (width - LEFT) / names.values.length;
  const middle = (place: number) => LEFT + (place + 0.5) * wide;
  const shown = (field: Field, value: unknown) => formattedValueToString(field.display!(value));
  return (
    <Axes
      drawn={drawn}
      below={names.values.map((value, place) => ({ key: String(value), at: middle(place), text: shown(names, value) }))}
      left={[]}
    >
      {figures.values.map((value: number, place: number) => {
        const tall = (value / most) * (height - AXIS - 24);
        const color = figures.display!(value).color;
        return (
          <g key={place}>
            <rect
              x={middle(place) - 0.45 * wide}
              y={height - AXIS - tall}
              width={0.9 * wide}
              height={tall}
              fill={color}
              fillOpacity={0.8}
            />
            <text x={middle(place)} y={height - AXIS - tall - 6} textAnchor="middle" fontSize={12} fill={color}>
              {shown(figures, value)}
            </text>
          </g>
        );
      })}
    </Axes>
  );
}

// Half a circle, filled up to the value.
export function Gauge({ frames, fieldConfig, width, height, theme }: Drawn) {
  const field = frames[0]?.fields.find(({ type }) => type === FieldType.number);
  if (!field?.values.length) {
    return <Empty fieldConfig={fieldConfig} height={height} />;
  }
  const value = field.values[field.values.length - 1];
  const radius = Math.min(width / 2, height) - 12;
  const [x, y] = [width / 2, height - 4];
  const arc = (share: number) =>
    `M ${x - radius} ${y} A ${radius} ${radius} 0 0 1 ${x - radius * Math.cos(Math.PI * share)} ${y - radius * Math.sin(Math.PI * share)}`;
  const { color, ...shown } = field.display!(value);
  return (
    <svg width={width} height={height}>
      <path d={arc(1)} fill="none" stroke={theme.colors.background.secondary} strokeWidth={14} />
      <path d={arc(Math.min(Math.max(value, 0.001), 0.999))} fill="none" stroke={color} strokeWidth={14} />
      <text x={x} y={y - 6} textAnchor="middle" fontSize={radius / 2} fill={color}>
        {formattedValueToString(shown)}
      </text>
    </svg>
  );
}
