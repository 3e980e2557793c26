-- One row for each accepted row, in the columns of the contract. `accepted` holds the fields of the records, typed.
SELECT
    document_id,
    business_date,
    customer_name,
    currency,
    amount,
    updated_at
FROM accepted
