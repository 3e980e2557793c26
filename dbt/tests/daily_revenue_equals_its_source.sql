-- A day and currency whose mart says anything else than the lines it came from, with both sides.
with source_sums as (
    select
        business_date,
        currency,
        count(distinct receipt_id) as receipts,
        count(*) as lines,
        sum(net_amount) as net,
        sum(tax_amount) as tax,
        sum(net_home) as net_home,
        sum(tax_home) as tax_home
    from {{ source('finance', 'sales_receipts') }}
    where not voided and line_type <> 'note' and {{ of_these_days('business_date') }}
    group by business_date, currency
),

mart as (
    select *
    from {{ ref('mart_daily_revenue') }}
    where {{ of_these_days('business_date') }}
)

select
    coalesce(source_sums.business_date, mart.business_date) as business_date,
    coalesce(source_sums.currency, mart.currency) as currency,
    source_sums.net + source_sums.tax as expected_gross,
    mart.gross
from source_sums
full outer join mart
    on source_sums.business_date = mart.business_date and source_sums.currency = mart.currency
where source_sums.receipts is distinct from mart.receipts
    or source_sums.lines is distinct from mart.lines
    or source_sums.net is distinct from mart.net
    or source_sums.tax is distinct from mart.tax
    or source_sums.net + source_sums.tax is distinct from mart.gross
    or source_sums.net_home is distinct from mart.net_home
    or source_sums.tax_home is distinct from mart.tax_home
    or source_sums.net_home + source_sums.tax_home is distinct from mart.gross_home
