import { hash } from 'node:crypto';
import type { SentryCheckIn, SentryFeedback, SentrySession } from '@belay/wire';
import { checkInsTable, rowSet, sentrySessionsTable, userFeedbackTable, type RowSet } from '../../telemetry/api.ts';

/** Who sends. */
export interface SentrySender {
  readonly project: string;
  readonly service: string;
  readonly hashUser: (user: string) => bigint;
  readonly redactText: (text: string) => string;
}

type SessionColumns = ReturnType<(typeof sentrySessionsTable)['newBlock']>;

/** Sessions of one request. */
export function sessionRows(sessions: readonly SentrySession[], sender: SentrySender): RowSet {
  return rowSet<SessionColumns>(sentrySessionsTable, { rows: sessions.length }, (c, arrival) => {
    for (const session of sessions) {
      c._in.push(arrival.second);
      c._req.push(arrival.request);
      c.ts.push(session.timeMs);
      c.project.push(sender.project);
      c.service.push(sender.service);
      c.environment.push(session.environment);
      c.release.push(session.release);
      c.session_hash.push(
        session.sessionId === '' ? 0n : hash('sha256', session.sessionId, 'buffer').readBigUInt64LE(),
      );
      c.user_hash.push(sender.hashUser(session.user));
      c.is_first.push(session.isFirst ? 1 : 0);
      c.status.push(session.status);
      c.errors.push(session.errors);
      c.duration_ms.push(session.durationMs);
      c.count.push(session.count);
    }
  });
}

type CheckInColumns = ReturnType<(typeof checkInsTable)['newBlock']>;

/** Check-ins of one request. */
export function checkInRows(checkIns: readonly SentryCheckIn[], sender: SentrySender): RowSet {
  return rowSet<CheckInColumns>(checkInsTable, { rows: checkIns.length }, (c, arrival) => {
    for (const checkIn of checkIns) {
      c._in.push(arrival.second);
      c._req.push(arrival.request);
      c.ts.push(checkIn.timeMs);
      c.project.push(sender.project);
      c.service.push(sender.service);
      c.environment.push(checkIn.environment);
      c.release.push(checkIn.release);
      c.check_in_id.push(Buffer.from(checkIn.checkInId, 'hex'));
      c.monitor.push(checkIn.monitor);
      c.status.push(checkIn.status);
      c.duration_ms.push(checkIn.durationMs);
      c.schedule.push(checkIn.schedule);
      c.trace_id.push(Buffer.from(checkIn.traceId, 'hex'));
    }
  });
}

type FeedbackColumns = ReturnType<(typeof userFeedbackTable)['newBlock']>;

/** Feedback of one request. E-mail addresses are not kept. */
export function feedbackRows(feedback: readonly SentryFeedback[], sender: SentrySender): RowSet {
  const texts = feedback.map(({ name, message, url }) => [name, message, url].map(sender.redactText));
  return rowSet<FeedbackColumns>(userFeedbackTable, { rows: feedback.length }, (c, arrival) => {
    for (const [index, entry] of feedback.entries()) {
      const [name = '', message = '', url = ''] = texts[index] ?? [];
      c._in.push(arrival.second);
      c._req.push(arrival.request);
      c.ts.push(entry.timeMs);
      c.project.push(sender.project);
      c.service.push(sender.service);
      c.environment.push(entry.environment);
      c.release.push(entry.release);
      c.event_id.push(Buffer.from(entry.eventId, 'hex'));
      c.name.push(name);
      c.message.push(message);
      c.url.push(url);
    }
  });
}
