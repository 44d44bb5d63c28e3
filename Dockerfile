# One image for every process of the platform; compose.yaml says which is which.
FROM python:3.11-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /paygate
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
RUN useradd --system paygate && install -d -o paygate /evidence
USER paygate
EXPOSE 8000
CMD ["gunicorn", "--config", "stack/gunicorn.py", "--bind", "0.0.0.0:8000", "paygate.wsgi:application"]
