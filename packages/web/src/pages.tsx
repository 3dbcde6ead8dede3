import type { JSX } from 'preact';
import { Redirect, Route, Switch } from 'wouter-preact';
import { ChangesPage } from './changes/changes-page.tsx';
import { OverviewPage } from './overview/overview-page.tsx';
import { lazyPage } from './shell/lazy-page.tsx';
import { PageFrame } from './shell/page-frame.tsx';

// Overview and changes come at once; the rest when it is first opened. The page of a change, which is what a message at
// 3 a.m. leads to, is fetched together with the first question to the server rather than after it.
const loadRolloutPage = async () => (await import('./rollout/rollout-page.tsx')).RolloutPage;
const RolloutPage = lazyPage('Change', loadRolloutPage);
if (/^\/changes\/./.test(window.location.pathname)) loadRolloutPage().catch(() => undefined);
const FlagsPage = lazyPage('Flags', async () => (await import('./flags/flags-page.tsx')).FlagsPage);
const NewFlagPage = lazyPage('New flag', async () => (await import('./flags/new-flag-page.tsx')).NewFlagPage);
const FlagPage = lazyPage('Flag', async () => (await import('./flags/flag-page.tsx')).FlagPage);
const SettingsPage = lazyPage('Settings', async () => (await import('./settings/settings-page.tsx')).SettingsPage);
const SignalListPage = lazyPage('Signals', async () => (await import('./signals/signal-list-page.tsx')).SignalListPage);
const SignalPage = lazyPage('Signal', async () => (await import('./signals/signal-page.tsx')).SignalPage);
const MetricsPage = lazyPage('Metrics', async () => (await import('./metrics/metrics-page.tsx')).MetricsPage);
const LogsPage = lazyPage('Logs', async () => (await import('./logs/logs-page.tsx')).LogsPage);
const TracesPage = lazyPage('Traces', async () => (await import('./traces/traces-page.tsx')).TracesPage);
const TracePage = lazyPage('Request', async () => (await import('./traces/trace-page.tsx')).TracePage);
const ErrorsPage = lazyPage('Errors', async () => (await import('./errors/errors-page.tsx')).ErrorsPage);
const IssuePage = lazyPage('Error', async () => (await import('./errors/issue-page.tsx')).IssuePage);
const ChecksPage = lazyPage('Checks', async () => (await import('./checks/checks-page.tsx')).ChecksPage);
const CheckPage = lazyPage('Check', async () => (await import('./checks/check-page.tsx')).CheckPage);
const SafetyPage = lazyPage('Data safety', async () => (await import('./safety/safety-page.tsx')).SafetyPage);
const BackupPage = lazyPage('Backup', async () => (await import('./safety/backup-page.tsx')).BackupPage);
const ScorecardPage = lazyPage('Scorecards', async () => (await import('./signals/scorecard-page.tsx')).ScorecardPage);

/** Which page stands at which address. */
export function Pages({ onShip }: { readonly onShip: (flag: string | null) => void }): JSX.Element {
  return (
    <Switch>
      <Route path="/">
        <OverviewPage onShip={() => onShip(null)} />
      </Route>
      <Route path="/changes">
        <ChangesPage onShip={() => onShip(null)} />
      </Route>
      <Route path="/changes/:id">{({ id }) => <RolloutPage key={id} id={decodeURIComponent(id)} />}</Route>
      <Route path="/flags">
        <FlagsPage />
      </Route>
      <Route path="/flags/new">
        <NewFlagPage />
      </Route>
      <Route path="/flags/:key">
        {({ key }) => <FlagPage key={key} flagKey={decodeURIComponent(key)} onShip={onShip} />}
      </Route>
      <Route path="/signals">
        <SignalListPage />
      </Route>
      <Route path="/signals/:id">{({ id }) => <SignalPage key={id} id={decodeURIComponent(id)} />}</Route>
      <Route path="/scorecards">
        <ScorecardPage />
      </Route>
      <Route path="/explore">
        <Redirect href="/explore/metrics" replace />
      </Route>
      <Route path="/explore/metrics">
        <MetricsPage />
      </Route>
      <Route path="/explore/logs">
        <LogsPage />
      </Route>
      <Route path="/explore/traces">
        <TracesPage />
      </Route>
      <Route path="/explore/traces/:id">{({ id }) => <TracePage key={id} id={decodeURIComponent(id)} />}</Route>
      <Route path="/errors">
        <ErrorsPage />
      </Route>
      <Route path="/errors/:id">{({ id }) => <IssuePage key={id} id={decodeURIComponent(id)} />}</Route>
      <Route path="/checks">
        <ChecksPage />
      </Route>
      <Route path="/checks/:id">{({ id }) => <CheckPage key={id} id={decodeURIComponent(id)} />}</Route>
      <Route path="/safety">
        <SafetyPage />
      </Route>
      <Route path="/safety/:id">{({ id }) => <BackupPage key={id} id={decodeURIComponent(id)} />}</Route>
      <Route path="/settings">
        <SettingsPage />
      </Route>
      <Route path="/sign-in">
        <Redirect href="/" replace />
      </Route>
      <Route>
        <PageFrame title="Not here" here="Not here">
          <h1>There is no such page</h1>
          <p>The address may be mistyped, or what it showed is gone.</p>
        </PageFrame>
      </Route>
    </Switch>
  );
}
