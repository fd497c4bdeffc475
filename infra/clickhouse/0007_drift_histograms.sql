-- Placeholder.

ALTER TABLE feedback MODIFY COMMENT 'A person’s or a product’s word on the score of one message, whenever it arrives.';
