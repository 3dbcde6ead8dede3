import { useQuery } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { useLocation } from 'wouter-preact';
import { SetupPage } from './access/setup-page.tsx';
import { SignInPage } from './access/sign-in-page.tsx';
import { useApi } from './api/api-context.ts';
import { isSignedOut } from './api/explain-error.ts';
import { sessionQuery } from './api/queries.ts';
import { LiveProvider } from './live/live-provider.tsx';
import { Failure, Loading } from './parts/states.tsx';
import { Pages } from './pages.tsx';
import { ShipDialog } from './ship/ship-dialog.tsx';
import { HelpDialog } from './shell/help-dialog.tsx';
import { Palette } from './shell/palette.tsx';
import { ShortcutProvider, useShortcut } from './shell/shortcut-provider.tsx';
import { Sidebar, TabBar } from './shell/sidebar.tsx';

/** Set-up and sign-in stand before everything else. */
export function App(): JSX.Element {
  const [path] = useLocation();
  const session = useQuery({ ...sessionQuery(useApi()), enabled: path !== '/setup' });
  if (path === '/setup') return <SetupPage />;
  if (session.isPending) return <Loading what="your session" height={400} />;
  if (session.isError && !isSignedOut(session.error)) {
    return (
      <main className="entry">
        <Failure error={session.error} what="Belay could not be reached" onRetry={() => void session.refetch()} />
      </main>
    );
  }
  if (session.data === undefined || session.data.scopes.length === 0)
    return <SignInPage isSetUp={session.data?.setUp ?? true} />;
  return (
    <LiveProvider>
      <ShortcutProvider>
        <Dashboard />
      </ShortcutProvider>
    </LiveProvider>
  );
}

type Open = { readonly what: 'palette' | 'help' } | { readonly what: 'ship'; readonly flag: string | null } | null;

function Dashboard(): JSX.Element {
  const [open, setOpen] = useState<Open>(null);
  const [, navigate] = useLocation();
  const close = (): void => setOpen(null);
  const ship = (flag: string | null): void => setOpen({ what: 'ship', flag });
  useShortcut('palette', () => setOpen(open?.what === 'palette' ? null : { what: 'palette' }));
  useShortcut('help', () => setOpen({ what: 'help' }));
  useShortcut('go-overview', () => navigate('/'));
  useShortcut('go-changes', () => navigate('/changes'));
  useShortcut('go-flags', () => navigate('/flags'));
  useShortcut('go-signals', () => navigate('/signals'));
  useShortcut('go-errors', () => navigate('/errors'));
  useShortcut('go-checks', () => navigate('/checks'));
  useShortcut('go-safety', () => navigate('/safety'));
  useShortcut('go-settings', () => navigate('/settings'));
  return (
    <>
      <a className="skip" href="#main">
        Skip to content
      </a>
      <div className="app">
        <Sidebar onSearch={() => setOpen({ what: 'palette' })} />
        <Pages onShip={ship} />
      </div>
      <TabBar />
      {open?.what === 'palette' && (
        <Palette onClose={close} onShip={() => ship(null)} onHelp={() => setOpen({ what: 'help' })} />
      )}
      {open?.what === 'help' && <HelpDialog onClose={close} />}
      {open?.what === 'ship' && <ShipDialog flag={open.flag} onClose={close} />}
    </>
  );
}
