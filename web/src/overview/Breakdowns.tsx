/** Who was asked, and who answered. */
import { Link } from '@tanstack/react-router';
import type { Overview } from '../api/types';
import { Card } from '../parts/Card';
import table from '../parts/Table.module.css';
import { Tag } from '../parts/Tag';
import { count, dollars, milliseconds, percent } from '../text/numbers';
import look from './Breakdowns.module.css';

export function Apps({ overview }: { overview: Overview }) {
  return (
    <Card title="Apps" note="Declined: the app found no passage that answers, and said so" flush>
      <div className={table.scroll}>
        <table className={table.table}>
          <thead>
            <tr>
              <th scope="col">App</th>
              <th scope="col" className={table.right}>
                Requests
              </th>
              <th scope="col" className={table.right}>
                Declined
              </th>
              <th scope="col" className={table.right}>
                p95
              </th>
            </tr>
          </thead>
          <tbody>
            {overview.by_app.map((app) => (
              <tr key={app.app}>
                <td>
                  <Link to="/traces" search={{ app: app.app }} className={table.rowLink}>
                    {app.app}
                  </Link>
                </td>
                <td className={table.right}>{count(app.requests)}</td>
                <td className={table.right}>
                  {count(app.declined)} <span className={table.quiet}>· {percent(app.declined, app.requests)}</span>
                </td>
                <td className={table.right}>{milliseconds(app.p95_ms)}</td>
              </tr>
            ))}
            {overview.by_app.length === 0 && <None columns={4}>No app was called; requests went straight to models.</None>}
          </tbody>
        </table>
      </div>
    </Card>
  );
}

export function Models({ overview }: { overview: Overview }) {
  const most = Math.max(1, ...overview.by_model.map((model) => model.requests));
  return (
    <Card title="Models" flush>
      <div className={table.scroll}>
        <table className={table.table}>
          <thead>
            <tr>
              <th scope="col">Model</th>
              <th scope="col" className={table.right}>
                Requests
              </th>
              <th scope="col" className={table.right}>
                Cost
              </th>
              <th scope="col" className={table.right}>
                p95
              </th>
            </tr>
          </thead>
          <tbody>
            {overview.by_model.map((model) => (
              <tr key={model.model}>
                <td className={look.model}>
                  <Link to="/traces" search={{ model: model.model }} className={table.rowLink}>
                    <code>{model.model}</code>
                  </Link>
                </td>
                <td className={table.right}>
                  <span className={look.bar} style={{ width: `${(model.requests / most) * 56}px` }} aria-hidden />
                  {count(model.requests)}
                </td>
                <td className={table.right}>{model.cost_usd == null ? <Tag tone="warn">no price</Tag> : dollars(model.cost_usd)}</td>
                <td className={table.right}>{milliseconds(model.p95_ms)}</td>
              </tr>
            ))}
            {overview.by_model.length === 0 && <None columns={4}>No model was called.</None>}
          </tbody>
        </table>
      </div>
    </Card>
  );
}

function None({ columns, children }: { columns: number; children: string }) {
  return (
    <tr>
      <td colSpan={columns} className={table.quiet}>
        {children}
      </td>
    </tr>
  );
}
