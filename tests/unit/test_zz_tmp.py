import sqlalchemy as sa, pytest, socket
@pytest.mark.parametrize("n", range(5))
def test_db(database_url, n):
    e=sa.create_engine(database_url)
    with e.connect() as c: print(sa.inspect(c).get_table_names(), c.execute(sa.text("select * from alembic_version")).all())
    e.dispose()
def test_empty(empty_database_url):
    e=sa.create_engine(empty_database_url)
    with e.connect() as c: assert sa.inspect(c).get_table_names()==[]
    e.dispose()
def test_sock():
    with pytest.raises(Exception, match="blocked|allow"): socket.create_connection(("93.184.216.34",80))
def test_moto(moto_server):
    import boto3; assert boto3.client("sqs",endpoint_url=moto_server).create_queue(QueueName="x")
