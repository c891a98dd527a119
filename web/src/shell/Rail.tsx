/** The rail at the left: where am I, where can I go, is the house well. */
import { ActionIcon, Menu, Tooltip, UnstyledButton } from '@mantine/core';
import { IconCheck, IconDeviceDesktop, IconKeyboard, IconLogout, IconMoon, IconSearch, IconSun } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { me } from '../api/queries';
import { themes, useTheme } from '../theme/useTheme';
import { groups, settings, type Destination } from './destinations';
import { Mark } from './Mark';
import { useSignOut } from './useSignOut';
import look from './Rail.module.css';

export function Rail({ onJump, onKeys }: { onJump: () => void; onKeys: () => void }) {
  const { data } = useQuery(me());
  return (
    <aside className={look.rail} aria-label="Quarterdeck">
      <div className={look.mark}>
        <Mark />
        <span className={look.name}>Quarterdeck</span>
        {data && <span className={look.project}>{data.project.name}</span>}
      </div>
      <UnstyledButton className={look.jump} onClick={onJump}>
        <IconSearch size={14} stroke={1.7} />
        <span>Jump to…</span>
        <kbd className={look.kbd}>{mac ? '⌘K' : 'Ctrl K'}</kbd>
      </UnstyledButton>
      <nav className={look.nav} aria-label="Main">
        {groups.map((group) => (
          <div key={group.label ?? 'top'} className={look.group}>
            {group.label && <div className={look.groupLabel}>{group.label}</div>}
            {group.places.map((place) => (
              <Entry key={place.to} place={place} />
            ))}
          </div>
        ))}
        <div className={look.last}>
          <Entry place={settings} />
        </div>
      </nav>
      <div className={look.foot}>
        <span className={look.version} title={data ? `Signed in as ${data.name}` : undefined}>
          <span className={look.dot} aria-hidden />
          {data ? `v${data.version.replace(/^v/, '')}` : '…'}
        </span>
        <ThemeMenu />
        <Tooltip label="Keys (?)">
          <ActionIcon aria-label="Keyboard shortcuts" onClick={onKeys}>
            <IconKeyboard size={15} stroke={1.7} />
          </ActionIcon>
        </Tooltip>
        <SignOut />
      </div>
    </aside>
  );
}

function Entry({ place }: { place: Destination }) {
  return (
    <Link to={place.to} className={look.entry} activeProps={{ className: look.on, 'aria-current': 'page' }} activeOptions={{ exact: place.to === '/', includeSearch: false }}>
      <place.icon size={15} stroke={1.7} />
      {place.label}
    </Link>
  );
}

function ThemeMenu() {
  const { theme, set } = useTheme();
  const icons = { auto: IconDeviceDesktop, light: IconSun, dark: IconMoon };
  const Now = icons[theme];
  return (
    <Menu position="top-start" width={160}>
      <Menu.Target>
        <ActionIcon aria-label={`Theme: ${themes.find((one) => one.value === theme)!.label}`}>
          <Now size={15} stroke={1.7} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {themes.map(({ value, label }) => {
          const One = icons[value];
          return (
            <Menu.Item key={value} leftSection={<One size={15} stroke={1.7} />} rightSection={value === theme && <IconCheck size={14} />} onClick={() => set(value)}>
              {label}
            </Menu.Item>
          );
        })}
      </Menu.Dropdown>
    </Menu>
  );
}

function SignOut() {
  const signOut = useSignOut();
  return (
    <Tooltip label="Sign out">
      <ActionIcon aria-label="Sign out" onClick={() => signOut.mutate()} loading={signOut.isPending}>
        <IconLogout size={15} stroke={1.7} />
      </ActionIcon>
    </Tooltip>
  );
}

export const mac = /Mac|iPhone|iPad/.test(navigator.userAgent);
