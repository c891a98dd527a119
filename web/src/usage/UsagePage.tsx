/** Who spends how much, who may, and what a token costs. */
import { getRouteApi } from '@tanstack/react-router';
import type { ComponentType } from 'react';
import { Sections } from '../parts/Sections';
import { Page } from '../shell/Page';
import { sections, type Section } from './address';
import { Limits } from './Limits';
import { Prices } from './Prices';
import { SpendView } from './SpendView';

const route = getRouteApi('/house/usage/$section');
const content: Record<Section, ComponentType> = { spend: SpendView, limits: Limits, prices: Prices };

export default function UsagePage() {
  const { section } = route.useParams();
  const here = sections.find((one) => one.name === section) ?? sections[0];
  const Content = content[here.name];
  return (
    <Page title={`${here.label} · Usage & budgets`} heading="Usage & budgets" purpose="Who spends how much, who may, and what a token costs.">
      <Sections to="/usage/$section" label="Usage and budgets" sections={sections}>
        <Content />
      </Sections>
    </Page>
  );
}
