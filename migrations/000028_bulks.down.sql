drop table flowhq.bulks;
