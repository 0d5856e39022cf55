"""One call to one provider, from permit to commit point."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, TypeVar

import msgspec

from router.contract import (
    Attempt,
    AvatarLimits,
    BadOutput,
    Clip,
    DeadlinePassed,
    JobOffer,
    OutcomeUnknown,
    ProviderFailed,
    Reply,
    Request,
    Result,
    Speech,
    SpeechLimits,
    SpeechRequest,
    Ticket,
    TimedOut,
    Transcript,
    TranscriptionLimits,
    TranscriptionRequest,
)
from router.contract.trace import CALLING
from router.engine.billing import Bill, film_seconds, refused
from router.engine.breaker import BAD, GOOD, NEITHER, Permit, Verdict
from router.engine.delivery import Delivery, Limits
from router.engine.entire import entire
from router.engine.errand import Before, Errand
from router.engine.first_sentence import FirstSentence
from router.engine.gate import clip_judge, open_gate, reply_judge, speech_judge
from router.engine.metering import metering
from router.engine.policy import Candidate
from router.engine.run import OUTRUN, Run, outcome_of, settles
from router.engine.slots import Patience
from router.engine.voicing import voiced
from router.loop.within import Within
from router.media import Wish, Workers, convert, is_as_wished

R = TypeVar("R")
# Tuples: `A | B` is put together anew each time that it is asked for.
TOLD_LENGTH: Final = (Speech, Clip)
STREAMED: Final = (Speech, Clip, Reply)
TIMED: Final = (SpeechLimits, TranscriptionLimits)


class Calling(msgspec.Struct, frozen=True):
    """The calls to providers that one errand takes; `fit` does what has to be done for a candidate before it is asked."""

    errand: Errand
    workers: Workers
    announce: Callable[[Attempt], None]
    fit: Callable[[Candidate], Awaitable[Request]] | None = None

    async def call(self, run: Run) -> Result:
        """Ask a candidate; return its result past the commit point, as the caller asked for it.

        Raises `ProviderFailed` or `RequestRejected`. Whatever happens, the slot is given back, the
        attempt announced and what the provider opened is closed again.
        """
        errand, exchange, candidate = self.errand, self.errand.exchange, run.candidate
        fitted = candidate.request if self.fit is None else await self._in_time(self.fit(candidate))
        run.began = exchange.clock.now()
        if exchange.trace is not None:
            run.trace = exchange.trace.child()
            CALLING.set(run.trace)
        run.reached = run.began if candidate.health.slots.take_free() else await self._slot(run)
        permit = candidate.health.enter(run.reached)
        if run.asked is not None:
            run.asked()
        try:
            bill = Bill(errand.route.task, candidate.provider, candidate.target, fitted, run.hedged, run.outcome)
            exchange.bills.append(bill)
            if errand.before is not None:
                await self._in_time(self._write_down(errand.before, bill, candidate))
            run.bill = bill
            left = errand.deadline - exchange.clock.now()
            limit, late = self._limit(candidate, permit, left)
            with Within(limit, late):
                asked = self._timed(candidate, fitted, left)
                answer = await candidate.offer.handle(asked)  # type: ignore[arg-type]  # the policy pairs them by task
                result = await self._commit(answer, fitted)
        except BaseException as error:
            self._failed(run, permit, error)
            if errand.before is not None and nothing_taken(error):
                await errand.before(None)
            raise
        now = exchange.clock.now()
        candidate.health.saw_first_byte(now - run.reached)
        self._record(run, now)
        return self._delivered(result, run, bill, permit)

    async def _slot(self, run: Run) -> float:
        """Wait until the provider may have one more call from us, but no longer than for a first byte; return when.

        A request whose deadline comes before that is ended by it, as anywhere else; both are in the trail.
        """
        now = self.errand.exchange.clock.now
        patience = Patience(self.errand.route.first_byte, self.errand.deadline - now())
        try:
            await self._in_time(run.candidate.health.slots.take(self.errand.exchange.team, patience))
        except BaseException as error:
            self._record(run, now(), error)
            raise
        return now()

    async def _in_time(self, work: Awaitable[R]) -> R:
        """Wait for something, but not beyond the request's deadline."""
        with Within(self.errand.deadline - self.errand.exchange.clock.now(), too_late):
            return await work

    async def _write_down(self, before: Before, bill: Bill, candidate: Candidate) -> None:
        """Have an order written down before it is made, and with it that it may cost something."""
        try:
            await before(candidate)
        except BaseException:  # nobody is asked
            self.errand.exchange.bills.remove(bill)
            raise

    def _timed(self, candidate: Candidate, fitted: Request, left: float) -> Request:
        """Pass the remaining time on to those who take it, so that they do not work for nobody."""
        limits = candidate.offer.limits
        if not (isinstance(limits, TIMED) and limits.timed):
            return fitted
        return msgspec.structs.replace(fitted, within=max(min(left, self.errand.route.first_byte), 0.0))

    def _limit(self, candidate: Candidate, permit: Permit, left: float) -> tuple[float, Callable[[], Exception]]:
        """Return for how many seconds a call is waited for where so many are left, and what it means if it takes longer."""
        errand = self.errand
        # A job played to its end has its first byte when it is all done: only the deadline bounds it.
        limit = errand.route.deadline if is_job(candidate) else errand.route.first_byte
        if permit.probe and errand.before is None:  # an order cut short may be paid for all the same
            limit = min(limit, candidate.health.patience())
        return (limit, partial(unheard, candidate, limit)) if limit < left else (left, too_late)

    async def _commit(self, result: Result, fitted: Request) -> Result:
        """Encode to what was asked for, then hold the stream until its first bytes prove good; doubt an empty text."""
        asked = self.errand.request
        if isinstance(result, TOLD_LENGTH):
            result = entire(result)
        if isinstance(result, Speech) and isinstance(asked, SpeechRequest):
            wish = Wish(asked.format, asked.sample_rate, asked.bit_rate)
            same = self.errand.native or is_as_wished(result, wish)
            speech = result if same else await self._converted(result, wish)
            opened = await open_gate(speech.chunks, speech_judge(speech))
            return msgspec.structs.replace(speech, chunks=opened)
        if isinstance(result, Clip):
            return msgspec.structs.replace(result, chunks=await open_gate(result.chunks, clip_judge(result)))
        if isinstance(result, Reply):
            return msgspec.structs.replace(result, chunks=await open_gate(FirstSentence(result.chunks), reply_judge))
        if isinstance(result, Ticket):
            return result
        if isinstance(result, Transcript) and isinstance(fitted, TranscriptionRequest):
            if not result.text.strip() and await voiced(self.workers, fitted.audio):
                raise BadOutput("heard no words in a recording that is not silent")
            return result
        raise BadOutput(f"answered with a {type(result).__name__}")

    async def _converted(self, speech: Speech, wish: Wish) -> Speech:
        try:
            return await convert(self.workers, speech, wish)
        except BaseException:
            await speech.chunks.aclose()
            raise

    def _delivered(self, result: Result, run: Run, bill: Bill, permit: Permit) -> Result:
        exchange, health = self.errand.exchange, run.candidate.health
        feed, note = metering(result, exchange)

        def end(verdict: Verdict) -> None:
            note()
            health.leave(permit, verdict, exchange.clock.now())
            bill.broke = verdict is BAD
            bill.heard = exchange.audio_seconds
            bill.shown = exchange.video_seconds
            if verdict is GOOD and (known := film_seconds(bill.request)):
                exchange.video_seconds = known

        if isinstance(result, STREAMED):
            limits = Limits(self.errand.route.gap, self.errand.route.total - exchange.elapsed())
            return msgspec.structs.replace(result, chunks=Delivery(result.chunks, feed, end, limits))
        end(GOOD)
        if isinstance(result, Transcript):
            bill.heard = exchange.audio_seconds = result.duration or 0.0
        return result

    def _failed(self, run: Run, permit: Permit, error: BaseException) -> None:
        now, health = self.errand.exchange.clock.now(), run.candidate.health
        if run.outcome == OUTRUN and not run.hedged:
            # It would have taken longer still. Left out, the slow calls would make a target look fast.
            health.saw_first_byte(now - permit.began)
        verdict = health.learn(error, now) if isinstance(error, ProviderFailed) else NEITHER
        health.leave(permit, verdict, now)
        self._record(run, now, error)

    def _record(self, run: Run, now: float, error: BaseException | None = None) -> None:
        """Note how a call ended, once. A rival that is thereby outrun is noted too: it may take its time to leave."""
        if run.outcome:
            return
        run.outcome = "ok" if error is None else outcome_of(error)
        self._tell(run, run.began or 0.0, now, error)
        rival = run.rival
        if rival is None or rival.outcome or not settles(error):
            return
        rival.outcome = OUTRUN
        if rival.began is not None:
            self._tell(rival, rival.began, now)

    def _tell(self, run: Run, began: float, now: float, error: BaseException | None = None) -> None:
        errand, exchange, candidate = self.errand, self.errand.exchange, run.candidate
        if run.bill is not None:
            run.bill.outcome, run.bill.refused = run.outcome, error is not None and refused(error)
        failure = error if isinstance(error, ProviderFailed) else None
        attempt = Attempt(  # by position: each keyword is searched for among all the fields, and many make Python go a longer way
            exchange.request_id,
            errand.route.task,
            errand.route.name,
            candidate.target,
            candidate.provider,
            candidate.kind,
            candidate.model,
            exchange.team,
            len(exchange.attempts) + 1,
            began - exchange.started,
            now - began,
            run.outcome,
            (now if run.reached is None else run.reached) - began,
            now - began if run.outcome == "ok" else None,
            failure.upstream_status if failure else None,
            failure.retry_after if failure else None,
            candidate.health.breaker.state,
            run.hedged,
            errand.resumes,
            run.trace,
        )
        exchange.attempts.append(attempt)
        self.announce(attempt)


def too_late() -> DeadlinePassed:
    """Return the error for a request whose deadline passed while a provider was at it."""
    return DeadlinePassed("no provider could serve this in time")


def unheard(candidate: Candidate, limit: float) -> ProviderFailed:
    """Return what it means that an answer did not come in time: an order of a job may have been taken all the same."""
    offer = candidate.offer
    if isinstance(offer, JobOffer):
        return OutcomeUnknown(f"an order was not answered within {limit:g} s", repeatable=offer.keyed)
    return TimedOut(f"no first byte within {limit:g} s")


def nothing_taken(error: BaseException) -> bool:
    """Whether a provider that failed so has certainly taken no order."""
    return isinstance(error, ProviderFailed) and not isinstance(error, OutcomeUnknown)


def is_job(candidate: Candidate) -> bool:
    """Whether the offer makes films that come only when they are complete."""
    limits = candidate.offer.limits
    return isinstance(limits, AvatarLimits) and not limits.live
