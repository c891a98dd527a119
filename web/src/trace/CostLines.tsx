/** A bill: units, price and sum, each line of it. */
import type { Span } from '../api/types';
import { Empty } from '../parts/Empty';
import { IconCoin } from '@tabler/icons-react';
import table from '../parts/Table.module.css';
import { count, dollars } from '../text/numbers';
import look from './CostLines.module.css';

export function CostLines({ span }: { span: Span }) {
  if (span.cost_lines.length === 0) {
    return <NoLines span={span} />;
  }
  return (
    <table className={`${table.table} ${look.bill}`}>
      <thead>
        <tr>
          <th scope="col">Unit</th>
          <th scope="col" className={table.right}>
            Quantity
          </th>
          <th scope="col" className={table.right}>
            Per million
          </th>
          <th scope="col" className={table.right}>
            Sum
          </th>
        </tr>
      </thead>
      <tbody>
        {span.cost_lines.map((line) => (
          <tr key={line.unit}>
            <td>{line.unit.replaceAll('_', ' ')}</td>
            <td className={table.right}>{count(line.quantity)}</td>
            <td className={table.right}>{dollars(line.price_usd_per_million)}</td>
            <td className={table.right}>{exact(line.usd)}</td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row" colSpan={3}>
            Total
          </th>
          <td className={table.right}>{exact(span.cost_usd)}</td>
        </tr>
      </tfoot>
    </table>
  );
}

function NoLines({ span }: { span: Span }) {
  if (span.unpriced) {
    return (
      <Empty icon={IconCoin} title="No price is known">
        The price of {span.model ?? 'this model'} is not in the price list, so its cost is unknown, not zero.
      </Empty>
    );
  }
  return (
    <Empty icon={IconCoin} title="No cost of its own">
      {span.cost_usd ? `The calls below it cost ${dollars(span.cost_usd)} together.` : 'Only calls of models are paid for.'}
    </Empty>
  );
}

/** A bill shows what rounding to four places would hide. */
function exact(usd: number | null): string {
  if (usd === null || usd === 0 || usd >= 0.01) return dollars(usd);
  return `$${usd.toFixed(8).replace(/0+$/, '')}`;
}
