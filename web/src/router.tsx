/** Every page of the UI: its address, what its address may say, and the chunk it lives in. */
import { createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent, Outlet, redirect } from '@tanstack/react-router';
import type { QueryClient } from '@tanstack/react-query';
import { onSignedOut, queries } from './api/cache';
import { base } from './api/client';
import { me } from './api/queries';
import { asRefusal } from './api/refusal';
import { readAsk } from './ask/address';
import { readGateway } from './gateway/address';
import { readSearch } from './knowledge/address';
import { readLogin } from './login/address';
import { readHours } from './overview/address';
import { readPlayground } from './playground/address';
import { PageFailed, PageMissing } from './shell/PageFailed';
import { Shell } from './shell/Shell';
import { readTraces } from './traces/address';
import { readTrace } from './trace/address';
import { readUsage } from './usage/address';

const root = createRootRouteWithContext<{ queries: QueryClient }>()({ component: Outlet, errorComponent: PageFailed, notFoundComponent: PageMissing });

const login = createRoute({ getParentRoute: () => root, path: '/login', validateSearch: readLogin, component: lazyRouteComponent(() => import('./login/LoginPage')) });

/** All pages but the login: they need somebody. */
const house = createRoute({
  getParentRoute: () => root,
  id: 'house',
  async beforeLoad({ context, location }) {
    try {
      await context.queries.ensureQueryData(me());
    } catch (thrown) {
      if (asRefusal(thrown).status === 401) throw redirect({ to: '/login', search: location.href === '/' ? {} : { next: location.href } });
      throw thrown;
    }
  },
  component: Shell,
});

const overview = createRoute({ getParentRoute: () => house, path: '/', validateSearch: readHours, component: lazyRouteComponent(() => import('./overview/OverviewPage')) });
const ask = createRoute({ getParentRoute: () => house, path: '/ask', validateSearch: readAsk, component: lazyRouteComponent(() => import('./ask/AskPage')) });
const traces = createRoute({ getParentRoute: () => house, path: '/traces', validateSearch: readTraces, component: lazyRouteComponent(() => import('./traces/TracesPage')) });
const trace = createRoute({ getParentRoute: () => house, path: '/traces/$traceId', validateSearch: readTrace, component: lazyRouteComponent(() => import('./trace/TracePage')) });
const knowledge = createRoute({ getParentRoute: () => house, path: '/knowledge', component: lazyRouteComponent(() => import('./knowledge/KnowledgeListPage')) });
const knowledgeBase = createRoute({ getParentRoute: () => house, path: '/knowledge/$name', validateSearch: readSearch, component: lazyRouteComponent(() => import('./knowledge/KnowledgePage')) });
const document_ = createRoute({ getParentRoute: () => house, path: '/knowledge/$name/documents/$documentId', component: lazyRouteComponent(() => import('./knowledge/DocumentPage')) });
const playground = createRoute({ getParentRoute: () => house, path: '/playground', validateSearch: readPlayground, component: lazyRouteComponent(() => import('./playground/PlaygroundPage')) });
const gateway = createRoute({
  getParentRoute: () => house,
  path: '/gateway',
  beforeLoad({ location }) {
    if (/\/gateway\/?$/.test(location.pathname)) throw redirect({ to: '/gateway/$section', params: { section: 'routes' } });
  },
});
const gatewaySection = createRoute({ getParentRoute: () => gateway, path: '$section', validateSearch: readGateway, component: lazyRouteComponent(() => import('./gateway/GatewayPage')) });
const usage = createRoute({
  getParentRoute: () => house,
  path: '/usage',
  beforeLoad({ location }) {
    if (/\/usage\/?$/.test(location.pathname)) throw redirect({ to: '/usage/$section', params: { section: 'spend' } });
  },
});
const usageSection = createRoute({ getParentRoute: () => usage, path: '$section', validateSearch: readUsage, component: lazyRouteComponent(() => import('./usage/UsagePage')) });
const keys = createRoute({ getParentRoute: () => house, path: '/keys', component: lazyRouteComponent(() => import('./keys/KeysPage')) });
const settings = createRoute({
  getParentRoute: () => house,
  path: '/settings',
  beforeLoad({ location }) {
    if (/\/settings\/?$/.test(location.pathname)) throw redirect({ to: '/settings/$section', params: { section: 'password' } });
  },
});
const settingsSection = createRoute({
  getParentRoute: () => settings,
  path: '$section',
  beforeLoad({ params }) {
    // Where these were before they had pages of their own.
    if (params.section === 'keys') throw redirect({ to: '/keys' });
    if (params.section === 'providers') throw redirect({ to: '/gateway/$section', params: { section: 'providers' } });
  },
  component: lazyRouteComponent(() => import('./settings/SettingsPage')),
});

export const router = createRouter({
  routeTree: root.addChildren([login, house.addChildren([overview, ask, traces, trace, knowledge, knowledgeBase, document_, playground, gateway.addChildren([gatewaySection]), usage.addChildren([usageSection]), keys, settings.addChildren([settingsSection])])]),
  basepath: base || '/',
  context: { queries },
  defaultPreload: 'intent',
  defaultPreloadDelay: 60,
  scrollRestoration: true,
  // Plain words in the address bar: `?status=error&min_latency_ms=3000`. Each page reads its own back into numbers and flags.
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch(search) {
    const words = new URLSearchParams();
    for (const [name, value] of Object.entries(search)) if (value !== undefined && value !== null && value !== '') words.set(name, String(value));
    const text = words.toString();
    return text ? `?${text}` : '';
  },
});

onSignedOut(() => {
  if (router.state.location.pathname === '/login') return;
  queries.clear();
  void router.navigate({ to: '/login', search: { next: router.state.location.href } });
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
