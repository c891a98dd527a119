/** The places one can go to: what the rail, the bottom bar, Ctrl K and `G` offer. */
import { IconActivity, IconBooks, IconHome, IconMessageCircle, IconSettings, type Icon } from '@tabler/icons-react';

export interface Destination {
  to: '/' | '/traces' | '/ask' | '/knowledge' | '/settings';
  label: string;
  purpose: string;
  letter: string;
  icon: Icon;
}

export const overview: Destination = { to: '/', label: 'Overview', purpose: 'What happened, what it cost, what needs you', letter: 'o', icon: IconHome };
export const traces: Destination = { to: '/traces', label: 'Traces', purpose: 'Find any request', letter: 't', icon: IconActivity };
export const ask: Destination = { to: '/ask', label: 'Ask', purpose: 'Talk to an app and check its sources', letter: 'a', icon: IconMessageCircle };
export const knowledge: Destination = { to: '/knowledge', label: 'Knowledge', purpose: 'Documents, passages and search', letter: 'k', icon: IconBooks };
export const settings: Destination = { to: '/settings', label: 'Settings', purpose: 'Providers, keys, password, appearance', letter: 's', icon: IconSettings };

export const groups: { label: string | null; places: Destination[] }[] = [
  { label: null, places: [overview] },
  { label: 'Observe', places: [traces] },
  { label: 'Build', places: [ask, knowledge] },
];

export const everywhere = [overview, ask, traces, knowledge, settings];
