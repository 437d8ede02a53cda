-- The operators' queue: sorted by urgency, narrowed to a team or a reason.
UPDATE escalations SET body = body || jsonb_build_object('rank', CASE body ->> 'priority'
    WHEN 'urgent' THEN 0 WHEN 'high' THEN 1 WHEN 'low' THEN 3 ELSE 2 END);
SELECT define_indexed('escalations', 'rank', 'bigint', 'rank');
SELECT define_indexed('escalations', 'team', 'text', 'team');
SELECT define_indexed('escalations', 'reason_code', 'text', 'reason_code');
