/** What can be called, how a call finds its model, and how the models are. */
import { getRouteApi } from '@tanstack/react-router';
import type { ComponentType } from 'react';
import { Sections } from '../parts/Sections';
import { Page } from '../shell/Page';
import { sections, type Section } from './address';
import { Caches } from './Caches';
import { Guardrails } from './Guardrails';
import { Models } from './Models';
import { Providers } from './Providers';
import { Routes } from './Routes';
import { Tools } from './Tools';

const route = getRouteApi('/house/gateway/$section');
const content: Record<Section, ComponentType> = { routes: Routes, models: Models, providers: Providers, guardrails: Guardrails, caches: Caches, tools: Tools };

export default function GatewayPage() {
  const { section } = route.useParams();
  const here = sections.find((one) => one.name === section) ?? sections[0];
  const Content = content[here.name];
  return (
    <Page title={`${here.label} · Gateway`} heading="Gateway" purpose="What can be called, how a call finds its model, and how the models are.">
      <Sections to="/gateway/$section" label="Gateway" sections={sections}>
        <Content />
      </Sections>
    </Page>
  );
}
