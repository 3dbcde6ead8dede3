import { useQuery } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { Link, useLocation } from 'wouter-preact';
import { useApi } from '../api/api-context.ts';
import { overviewQuery } from '../api/queries.ts';
import { plural } from '../format/numbers.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Icon, Mark } from '../parts/icon.tsx';
import { barPlaces, isIn, morePlaces, places } from './places.ts';

/** The menu of a wide screen. */
export function Sidebar({ onSearch }: { readonly onSearch: () => void }): JSX.Element {
  const [path] = useLocation();
  const overview = useQuery(overviewQuery(useApi()));
  const inFlight = overview.data?.goingOut.length ?? 0;
  return (
    <aside className="side" aria-label="Sidebar">
      <div className="brand">
        <Mark />
        Belay
      </div>
      <button className="find" type="button" onClick={onSearch}>
        <Icon name="search" />
        Search or run…<kbd aria-hidden="true">{paletteKeys()}</kbd>
      </button>
      <nav className="nav" aria-label="Main">
        {places.map((place) => (
          <Link key={place.href} href={place.href} aria-current={isIn(place.href, path) ? 'page' : undefined}>
            <Icon name={place.icon} />
            {place.name}
            {place.href === '/changes' && inFlight > 0 && (
              <span className="cnt live">
                {inFlight}
                <span className="vh"> in flight</span>
              </span>
            )}
          </Link>
        ))}
      </nav>
      <div className="foot">
        {overview.data?.services.slice(0, 4).map((service) => (
          <div key={service.name}>
            <b>{service.name}</b> · {plural(service.instances, 'instance')}
          </div>
        ))}
        {overview.data !== undefined && overview.data.services.length > 4 && (
          <div>and {plural(overview.data.services.length - 4, 'more service', 'more services')}</div>
        )}
      </div>
    </aside>
  );
}

/** The menu of a phone. */
export function TabBar(): JSX.Element {
  const [path] = useLocation();
  const [isOpen, setOpen] = useState(false);
  const isInMore = morePlaces.some((place) => isIn(place.href, path));
  return (
    <nav className="tabbar" aria-label="Main, small screen">
      {barPlaces.map((place) => (
        <Link key={place.href} href={place.href} aria-current={isIn(place.href, path) ? 'page' : undefined}>
          <Icon name={place.icon} />
          {place.name}
        </Link>
      ))}
      <button type="button" aria-haspopup="dialog" className={isInMore ? 'here' : ''} onClick={() => setOpen(true)}>
        <Icon name="more" />
        More
      </button>
      {isOpen && (
        <Dialog title="More" onClose={() => setOpen(false)}>
          <ul className="more-places">
            {morePlaces.map((place) => (
              <li key={place.href}>
                <Link
                  href={place.href}
                  aria-current={isIn(place.href, path) ? 'page' : undefined}
                  onClick={() => setOpen(false)}
                >
                  <Icon name={place.icon} />
                  {place.name}
                </Link>
              </li>
            ))}
          </ul>
        </Dialog>
      )}
    </nav>
  );
}

/** How this machine writes the palette's keys. */
export function paletteKeys(): string {
  return /Mac|iPhone|iPad/.test(navigator.userAgent) ? '⌘K' : 'Ctrl K';
}
