/** The rail of a phone. */
import { IconSearch } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { ask, knowledge, overview, settings, traces } from './destinations';
import look from './BottomBar.module.css';

export function BottomBar({ onJump }: { onJump: () => void }) {
  return (
    <nav className={look.bar} aria-label="Main">
      {[overview, ask, traces, knowledge, settings].map((place) => (
        <Link key={place.to} to={place.to} className={look.entry} activeProps={{ className: look.on, 'aria-current': 'page' }} activeOptions={{ exact: place.to === '/', includeSearch: false }}>
          <place.icon size={19} stroke={1.7} />
          {place.label}
        </Link>
      ))}
      <button type="button" className={look.entry} onClick={onJump}>
        <IconSearch size={19} stroke={1.7} />
        Jump
      </button>
    </nav>
  );
}
