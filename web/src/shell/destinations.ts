/** The places one can go to: what the rail, the bottom bar, Ctrl K and `G` offer. */
import { IconActivity, IconBooks, IconCoins, IconHome, IconKey, IconLayoutColumns, IconMessageCircle, IconRoute, IconSettings, type Icon } from '@tabler/icons-react';

export interface Destination {
  to: '/' | '/traces' | '/ask' | '/playground' | '/knowledge' | '/gateway' | '/usage' | '/keys' | '/settings';
  label: string;
  purpose: string;
  letter: string;
  icon: Icon;
}

export const overview: Destination = { to: '/', label: 'Overview', purpose: 'What happened, what it cost, what needs you', letter: 'o', icon: IconHome };
export const traces: Destination = { to: '/traces', label: 'Traces', purpose: 'Find any request', letter: 't', icon: IconActivity };
export const ask: Destination = { to: '/ask', label: 'Ask', purpose: 'Talk to an app and check its sources', letter: 'a', icon: IconMessageCircle };
export const playground: Destination = { to: '/playground', label: 'Playground', purpose: 'Ask several models at once and compare', letter: 'p', icon: IconLayoutColumns };
export const knowledge: Destination = { to: '/knowledge', label: 'Knowledge', purpose: 'Documents, passages and search', letter: 'k', icon: IconBooks };
export const gateway: Destination = { to: '/gateway', label: 'Gateway', purpose: 'Models, routes, providers and their health', letter: 'w', icon: IconRoute };
export const usage: Destination = { to: '/usage', label: 'Usage & budgets', purpose: 'Who spends how much, and who may', letter: 'u', icon: IconCoins };
export const keys: Destination = { to: '/keys', label: 'Keys', purpose: 'What programs sign in with, and what they may do', letter: 'y', icon: IconKey };
export const settings: Destination = { to: '/settings', label: 'Settings', purpose: 'Password, appearance, about', letter: 's', icon: IconSettings };

export const groups: { label: string | null; places: Destination[] }[] = [
  { label: null, places: [overview] },
  { label: 'Observe', places: [traces] },
  { label: 'Build', places: [playground, ask, knowledge] },
  { label: 'Operate', places: [gateway, usage, keys] },
];

export const everywhere = [overview, traces, playground, ask, knowledge, gateway, usage, keys, settings];
