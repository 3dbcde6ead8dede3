import type { JSX } from 'preact';

/** What this button needs to know of a paged query. */
interface PagedList {
  readonly hasNextPage: boolean;
  readonly isFetchingNextPage: boolean;
  readonly fetchNextPage: () => Promise<unknown>;
}

/** The button below a paged list; nothing where the list has ended. */
export function MoreRows({ list, text }: { readonly list: PagedList; readonly text: string }): JSX.Element | null {
  if (!list.hasNextPage) return null;
  return (
    <button
      className="btn more-rows"
      type="button"
      disabled={list.isFetchingNextPage}
      onClick={() => void list.fetchNextPage()}
    >
      {text}
    </button>
  );
}
