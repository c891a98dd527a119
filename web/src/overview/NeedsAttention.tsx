/** What needs somebody, in sentences; and the proof that no answer was lost. */
import { IconAlertTriangle, IconCircleCheck, IconInfoCircle } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { me } from '../api/queries';
import type { Overview } from '../api/types';
import { Card } from '../parts/Card';
import { Told } from '../parts/Told';
import { concerns, ledgerSentence, type Concern } from './attention';
import look from './NeedsAttention.module.css';

export function NeedsAttention({ overview }: { overview: Overview }) {
  const somebody = useQuery(me()).data;
  const found = somebody ? concerns(overview, somebody) : [];
  return (
    <Card title={found.length ? 'Needs attention' : 'Nothing needs attention'} note={<Ledger ledger={overview.ledger} />} flush>
      {found.length > 0 && (
        <ul className={look.list}>
          {found.map((concern) => (
            <li key={concern.sentence} className={look.concern}>
              {concern.tone === 'err' ? <IconAlertTriangle size={15} stroke={1.7} className={look.err} aria-label="Error" /> : <IconInfoCircle size={15} stroke={1.7} className={look.warn} aria-label="Warning" />}
              <span>
                <Told text={concern.sentence} />
              </span>
              <See see={concern.see} />
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function See({ see }: Pick<Concern, 'see'>) {
  if (!see) return null;
  if (see.section) {
    return (
      <Link to="/settings/$section" params={{ section: see.section }} className={look.see}>
        {see.label}
      </Link>
    );
  }
  return (
    <Link to="/traces" search={see.search ?? {}} className={look.see}>
      {see.label}
    </Link>
  );
}

function Ledger({ ledger }: Pick<Overview, 'ledger'>) {
  const whole = ledger.accepted === ledger.stored;
  return (
    <span className={look.ledger} title="Every span is counted when it is accepted and again when it is stored">
      {whole && <IconCircleCheck size={13} stroke={1.8} className={look.ok} aria-hidden />}
      {ledgerSentence(ledger)}
    </span>
  );
}
