/** The frame of every page: rail, content, and the keys that work everywhere. */
import { Outlet, useNavigate } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import { useTheme } from '../theme/useTheme';
import { BottomBar } from './BottomBar';
import { everywhere } from './destinations';
import { Rail } from './Rail';
import { useShortcuts, type Keys } from './shortcuts';
import look from './Shell.module.css';

const Jump = lazy(() => import('./Jump'));
const CheatSheet = lazy(() => import('./CheatSheet'));

export function Shell() {
  const navigate = useNavigate();
  const { next } = useTheme();
  const [open, setOpen] = useState<'jump' | 'keys' | null>(null);
  const going: Keys = Object.fromEntries(everywhere.map((place) => [`g ${place.letter}`, () => void navigate({ to: place.to })]));
  useShortcuts({ ...going, 'mod+k': () => setOpen('jump'), '?': () => setOpen('keys'), t: next });

  return (
    <div className={look.shell}>
      <a className={look.skip} href="#content" onClick={focusContent}>
        Skip to the content
      </a>
      <Rail onJump={() => setOpen('jump')} onKeys={() => setOpen('keys')} />
      <div className={look.content}>
        <Outlet />
      </div>
      <BottomBar onJump={() => setOpen('jump')} />
      <Suspense>
        {open === 'jump' && <Jump onClose={() => setOpen(null)} />}
        {open === 'keys' && <CheatSheet onClose={() => setOpen(null)} />}
      </Suspense>
    </div>
  );
}

/** By script, because `#content` would be resolved against the `<base>` of the page. */
function focusContent(event: React.MouseEvent): void {
  event.preventDefault();
  document.getElementById('content')?.focus();
}
