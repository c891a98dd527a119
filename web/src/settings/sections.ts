/** The parts of the settings, each with its own address. */
export const sections = [
  { name: 'providers', label: 'Providers', purpose: 'Where answers come from. Keys found in the environment are used as they are; keys added here are stored encrypted.' },
  { name: 'keys', label: 'API keys', purpose: 'What programs sign in with. A key is shown once, when it is made.' },
  { name: 'password', label: 'Password', purpose: 'What people sign in with when no one-time link is at hand.' },
  { name: 'appearance', label: 'Appearance', purpose: 'How Quarterdeck looks in this browser.' },
  { name: 'about', label: 'About', purpose: 'What runs here, and as whom you are signed in.' },
] as const;

export type Section = (typeof sections)[number]['name'];
