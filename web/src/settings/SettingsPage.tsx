/** How you sign in, how it looks, and what runs here. */
import { getRouteApi, Link } from '@tanstack/react-router';
import type { ComponentType } from 'react';
import { Page } from '../shell/Page';
import { About } from './About';
import { Appearance } from './Appearance';
import { Password } from './Password';
import { sections, type Section } from './sections';
import look from './Settings.module.css';

const route = getRouteApi('/house/settings/$section');

const content: Record<Section, ComponentType> = { password: Password, appearance: Appearance, about: About };

export default function SettingsPage() {
  const { section } = route.useParams();
  const here = sections.find((one) => one.name === section) ?? sections[0];
  const Content = content[here.name];
  return (
    <Page title={`${here.label} · Settings`} heading="Settings">
      <div className={look.page}>
        <nav className={look.nav} aria-label="Settings">
          {sections.map((one) => (
            <Link key={one.name} to="/settings/$section" params={{ section: one.name }} className={look.entry} activeProps={{ className: look.on, 'aria-current': 'page' }}>
              {one.label}
            </Link>
          ))}
        </nav>
        <div className={look.content}>
          <div>
            <h2 className={look.title}>{here.label}</h2>
            <p className={look.purpose}>{here.purpose}</p>
          </div>
          <Content />
        </div>
      </div>
    </Page>
  );
}
