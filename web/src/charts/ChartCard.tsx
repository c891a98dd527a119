/** A chart in a card, with its legend, and the same numbers as a table for whoever prefers one. */
import { Button } from '@mantine/core';
import { useState } from 'react';
import { Card } from '../parts/Card';
import table from '../parts/Table.module.css';
import { moment } from '../text/time';
import { TimeChart, type Series } from './TimeChart';
import look from './ChartCard.module.css';

interface Props {
  title: string;
  note?: string;
  from: number;
  to: number;
  at: number[];
  bucket_ms: number;
  series: Series[];
  kind: 'bars' | 'lines';
  whole?: boolean;
  format: (value: number) => string;
  summary: string;
}

export function ChartCard({ title, note, ...chart }: Props) {
  const [asTable, setAsTable] = useState(false);
  return (
    <Card
      title={title}
      note={note}
      actions={
        <>
          <div className={look.legend}>
            {chart.series.map((one) => (
              <span key={one.name} className={look.key}>
                <span className={look.swatch} style={{ background: one.color }} />
                {one.name}
              </span>
            ))}
          </div>
          <Button size="xs" variant="subtle" color="gray" onClick={() => setAsTable(!asTable)}>
            {asTable ? 'View as chart' : 'View as table'}
          </Button>
        </>
      }
    >
      {asTable ? <AsTable {...chart} title={title} /> : <TimeChart {...chart} height={168} />}
    </Card>
  );
}

function AsTable({ title, at, series, format }: Pick<Props, 'title' | 'at' | 'series' | 'format'>) {
  return (
    <div className={look.table} tabIndex={0} role="region" aria-label={`${title}, as a table`}>
      <table className={table.table}>
        <thead>
          <tr>
            <th scope="col">From</th>
            {series.map((one) => (
              <th key={one.name} scope="col" className={table.right}>
                {one.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {at.map((start, n) => (
            <tr key={start}>
              <td className="num">{moment(new Date(start).toISOString())}</td>
              {series.map((one) => (
                <td key={one.name} className={table.right}>
                  {one.values[n] == null ? '–' : format(one.values[n]!)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
