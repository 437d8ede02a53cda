-- Softly deleted messages are kept and never listed.
SELECT define_indexed('messages', 'hidden', 'boolean', 'hidden');
